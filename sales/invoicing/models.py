"""What is billed: to whom, for what, and what of it was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField
from crm.lib.uscc import is_mistyped_code, plain_code
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account, Contact
from sales.catalogue.models import PricedDocument, PricedLine
from sales.contracts.models import Contract
from sales.orders.models import Order
from sales.receivables.models import Instalment


def check_tax_id(text: str) -> None:
    """ValidationError for a credit code whose check character does not fit; other tax ids pass."""
    if is_mistyped_code(text):
        raise ValidationError(gettext("There is a mistake in this tax id: its last character does not fit."))


class InvoiceTitle(Record):
    """Who an invoice is made out to: the data that the tax office wants to know of a customer.

    An account has one default, held by a unique index (0003); forms don't ask for it, as a new default takes the old one's place.
    """

    access = Via("account")
    shown_by = ("name", "tax_id")
    prepared = ("tax_id",)

    account = models.ForeignKey(Account, models.CASCADE, related_name="invoice_titles", verbose_name=_("account"))
    name = models.CharField(_("name"), max_length=300)
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True, validators=[check_tax_id])
    address = models.CharField(_("address"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    bank = models.CharField(_("bank"), max_length=200, blank=True)
    bank_account = models.CharField(_("bank account"), max_length=60, blank=True)
    is_default = models.BooleanField(_("default"), default=False)

    class Meta:
        verbose_name = _("invoice title")
        verbose_name_plural = _("invoice titles")
        indexes = [models.Index(fields=["created_at", "id"], condition=ALIVE, name="invoice_title_created")]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.tax_id = plain_code(record.tax_id)
        stored = cls._base_manager.in_bulk([r.pk for r in records if r.is_default and r.pk])
        moved = [r for r in records if r.pk in stored and stored[r.pk].account_id != r.account_id]
        if not moved:
            return
        there = cls._base_manager.filter(is_default=True, deleted_at=None, account__in=[r.account_id for r in moved])
        taken = set(there.values_list("account", flat=True))
        for record in moved:  # an account that has a default keeps it
            record.is_default = record.account_id not in taken
            taken.add(record.account_id)

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.name, self.tax_id)))

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account]


class Invoice(PricedDocument):
    """A bill to a customer, from its request to the file of the tax office. A credit note is one below zero, of an ``original``.

    ``credited``, ``received`` and ``settled`` are worked out; ``beyond`` says that somebody with the right to billed more
    than was agreed.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVING = "approving", _("In approval")
        APPROVED = "approved", _("Approved")
        ISSUED = "issued", _("Issued")
        DELIVERED = "delivered", _("Delivered")
        CREDITED = "credited", _("Credited")
        CANCELLED = "cancelled", _("Cancelled")

    COLOURS = {
        "requested": "slate", "approving": "amber", "approved": "blue", "issued": "purple",
        "delivered": "green", "credited": "red", "cancelled": "slate",
    }  # fmt: skip

    # What may be changed at any time.
    FREE = frozenset({"owner", "department", "note", "contact"})

    class Kind(models.TextChoices):
        SPECIAL = "special", _("VAT special invoice")
        ORDINARY = "ordinary", _("VAT ordinary invoice")
        ELECTRONIC = "electronic", _("Electronic invoice")

    number_sequence = "sales.invoice"
    gap_free = ("number",)
    shown_by = ("number",)
    derived = (*PricedDocument.derived, "credited", "received", "settled", "beyond")
    prepared = ("account", "currency", "contract")

    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    kind = models.CharField(_("kind of invoice"), max_length=12, choices=Kind, default=Kind.SPECIAL)
    account = models.ForeignKey(Account, models.PROTECT, related_name="invoices", verbose_name=_("account"))
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    contract = models.ForeignKey(
        Contract, models.PROTECT, null=True, blank=True, related_name="invoices", verbose_name=_("contract")
    )
    order = models.ForeignKey(
        Order,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
        verbose_name=pgettext_lazy("sale", "order"),
    )
    instalment = models.ForeignKey(
        Instalment, models.PROTECT, null=True, blank=True, related_name="invoices", verbose_name=_("instalment")
    )
    title = models.ForeignKey(
        InvoiceTitle, models.PROTECT, null=True, blank=True, related_name="invoices", verbose_name=_("invoice title")
    )
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.REQUESTED, editable=False
    )
    tax_code = models.CharField(_("invoice code"), max_length=20, blank=True, editable=False)
    tax_number = models.CharField(_("invoice number"), max_length=30, blank=True, editable=False)
    issued_on = models.DateField(_("issued on"), null=True, editable=False)
    delivered_on = models.DateField(_("handed over on"), null=True, editable=False)
    original = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="credits", verbose_name=_("credit note of")
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True, editable=False)
    buyer_name = models.CharField(_("buyer"), max_length=300, blank=True, editable=False)
    buyer_tax_id = models.CharField(_("buyer’s tax id"), max_length=40, blank=True, editable=False)
    buyer_address = models.CharField(_("buyer’s address and phone"), max_length=400, blank=True, editable=False)
    buyer_bank = models.CharField(_("buyer’s bank and account"), max_length=300, blank=True, editable=False)
    credited = MoneyField(_("credited"), default=Decimal(0), editable=False)
    received = MoneyField(_("received"), default=Decimal(0), editable=False)
    settled = models.BooleanField(pgettext_lazy("invoice", "paid"), default=False, editable=False)
    beyond = models.BooleanField(_("more than agreed"), default=False, editable=False)
    submission = models.CharField(max_length=64, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        indexes = [
            *scope_indexes("invoice", created="created_at", total="total"),
            models.Index(fields=["state", "settled", "created_at"], condition=ALIVE, name="invoice_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                name="invoice_number_is_unique",
                violation_error_message=_("There is an invoice with this number already."),
            ),
            models.UniqueConstraint(
                fields=["tax_code", "tax_number"],
                condition=~Q(tax_number=""),
                name="invoice_of_the_tax_office_is_unique",
                violation_error_message=_("An invoice with this number of the tax office is here already."),
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=~Q(submission=""), name="invoice_is_submitted_once"
            ),
            models.CheckConstraint(
                condition=Q(original__isnull=False, total__lte=0, credited=0)
                | Q(original__isnull=True, credited__gte=0, total__gte=F("credited")),
                name="invoice_is_not_credited_twice",
                violation_error_message=_("More than was invoiced can't be credited."),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("issued", "delivered", "credited"))
                | (Q(issued_on__isnull=False) & ~Q(tax_number="")),
                name="issued_invoice_has_number_and_day",
                violation_error_message=_("Enter the number and the day of the invoice."),
            ),
        ]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        """Account, contract and currency are those of what is billed."""
        for record in records:
            if record.instalment_id:
                record.contract_id = record.instalment.contract_id
            elif record.order_id and record.order.contract_id:
                record.contract_id = record.order.contract_id
            whole = record.contract if record.contract_id else record.order if record.order_id else None
            if whole is not None:
                record.account_id, record.currency = whole.account_id, whole.currency

    def __str__(self) -> str:
        return self.number

    @property
    def open_amount(self) -> Decimal:
        """What may still be credited of it."""
        return self.total - self.credited

    def timeline_subjects(self) -> list[models.Model]:
        return [row for row in (self, self.contract, self.order, self.original, self.account) if row is not None]


class InvoiceLine(PricedLine):
    """What is billed. A line of a credit note counts below zero."""

    access = Via("document")

    document = models.ForeignKey(Invoice, models.CASCADE, related_name="lines", verbose_name=_("invoice"))

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(quantity=0) & Q(unit_price__gte=0),
                name="invoice_line_bills_something",
                violation_error_message=_("The quantity must be more than nothing."),
            ),
        ]
