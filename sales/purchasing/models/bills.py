"""What suppliers bill, and what we paid of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from sales.models.opportunity import SOME_DAY
from sales.purchasing.models.orders import PurchaseOrder
from sales.purchasing.models.suppliers import Supplier


class Bill(Record):
    """An invoice of a supplier. ``paid`` is the sum of its payments; ``state`` follows from it and from the day."""

    class State(models.TextChoices):
        OPEN = "open", _("To be paid")
        PARTIAL = "partially_paid", _("Paid in part")
        PAID = "paid", _("Paid in full")
        OVERDUE = "overdue", _("Overdue")
        VOID = "void", _("Void")

    COLOURS = {"open": "blue", "partially_paid": "amber", "paid": "green", "overdue": "red", "void": "slate"}

    derived = ("paid", "state")
    prepared = ("supplier", "currency", "due_on")
    shown_by = ("number", "supplier")

    purchase = models.ForeignKey(PurchaseOrder, models.PROTECT, related_name="bills", verbose_name=_("purchase order"))
    supplier = models.ForeignKey(
        Supplier, models.PROTECT, editable=False, related_name="bills", verbose_name=_("supplier")
    )
    number = models.CharField(_("invoice number"), max_length=60)
    billed_on = models.DateField(_("invoice date"))
    due_on = models.DateField(
        _("to be paid by"), null=True, blank=True, help_text=_("Empty: by the terms of the supplier.")
    )
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY, editable=False)
    paid = MoneyField(_("paid"), default=Decimal(0), editable=False)
    state = ColouredField(_("state"), max_length=16, choices=State, colours=COLOURS, default=State.OPEN, editable=False)
    void = models.BooleanField(_("void"), default=False, editable=False)
    submission = models.CharField(max_length=64, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    due_key = models.GeneratedField(
        expression=Coalesce("due_on", SOME_DAY), output_field=models.DateField(), db_persist=True
    )

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        indexes = [
            *scope_indexes("bill", created="created_at", due="due_key"),
            models.Index(fields=["state", "due_on"], condition=ALIVE, name="bill_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "number"],
                condition=ALIVE & Q(void=False),
                name="bill_is_entered_once",
                violation_error_message=_("This invoice of the supplier is entered already."),
            ),
            models.UniqueConstraint(fields=["submission"], condition=~Q(submission=""), name="bill_is_submitted_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="bill_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=0) & Q(paid__lte=F("amount")) & (Q(void=False) | Q(paid=0)),
                name="bill_is_not_paid_twice",
                violation_error_message=_("More than the bill can't be paid."),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def open_amount(self) -> Decimal:
        """What is still to be paid."""
        return Decimal(0) if self.void else self.amount - self.paid

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        ids = {record.purchase_id for record in records}
        known = {one.pk: one for one in PurchaseOrder._base_manager.filter(pk__in=ids).select_related("supplier")}
        for record in records:
            purchase = known[record.purchase_id]
            record.supplier_id, record.currency = purchase.supplier_id, purchase.currency
            record.due_on = record.due_on or purchase.supplier.due_on(record.billed_on)

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.purchase, self.supplier]


class BillPayment(Record):
    """Money that we paid for a bill."""

    class Method(models.TextChoices):
        TRANSFER = "transfer", _("Bank transfer")
        DRAFT = "draft", _("Bank acceptance")
        CASH = "cash", _("Cash")
        OTHER = "other", _("Other")

    access = Via("bill")
    shown_by = ("bill", "paid_on")

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="payments", verbose_name=_("bill"))
    amount = MoneyField(_("amount"))
    paid_on = models.DateField(_("payment date"), default=timezone.localdate)
    method = models.CharField(_("method"), max_length=12, choices=Method, default=Method.TRANSFER)
    bank_ref = models.CharField(_("bank reference"), max_length=100, blank=True)
    submission = models.CharField(max_length=64, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("payment of a bill")
        verbose_name_plural = _("payments of bills")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="billpayment_created"),
            models.Index(fields=["deleted_at", "id"], condition=~ALIVE, name="billpayment_trash"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["method", "bank_ref"],
                condition=ALIVE & ~Q(bank_ref=""),
                name="bill_payment_is_made_once",
                violation_error_message=_("A payment with this bank reference is entered already."),
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=~Q(submission=""), name="bill_payment_is_submitted_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="bill_payment_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bill} · {self.paid_on}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.bill, self.bill.purchase]
