"""Money that came: payments, what of them pays which instalment, and what went back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField
from crm.lib.text import normalise_company
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.models import Account
from sales.contracts.models import Contract
from sales.receivables.models.instalment import Instalment


class Payment(Record):
    """Money that came in. Registered by anybody who may, it counts once finance has confirmed it."""

    class State(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        CONFIRMED = "confirmed", _("Confirmed")
        RETURNED = "returned", _("Returned")
        VOID = "void", _("Void")

    COLOURS = {"registered": "amber", "confirmed": "green", "returned": "red", "void": "slate"}

    class Method(models.TextChoices):
        TRANSFER = "transfer", _("Bank transfer")
        ALIPAY = "alipay", _("Alipay")
        WECHAT = "wechat", _("WeChat Pay")
        DRAFT = "draft", _("Bank acceptance")
        CASH = "cash", _("Cash")
        OTHER = "other", _("Other")

    number_sequence = "sales.payment"
    gap_free = ("number",)
    derived = ("allocated", "refunded")
    prepared = ("payer_key",)
    shown_by = ("number", "payer")

    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="payments", verbose_name=_("account")
    )
    contract = models.ForeignKey(
        Contract, models.PROTECT, null=True, blank=True, related_name="payments", verbose_name=_("contract")
    )
    paid_on = models.DateField(_("paid on"))
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    method = models.CharField(_("method"), max_length=12, choices=Method, default=Method.TRANSFER)
    payer = models.CharField(_("payer"), max_length=300, blank=True)
    payer_key = models.CharField(max_length=300, blank=True, editable=False)
    bank_ref = models.CharField(_("bank reference"), max_length=100, blank=True)
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.REGISTERED, editable=False
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False,
        verbose_name=_("confirmed by"),
    )  # fmt: skip
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    allocated = MoneyField(_("allocated"), default=Decimal(0), editable=False)
    refunded = MoneyField(_("refunded"), default=Decimal(0), editable=False)
    submission = models.CharField(max_length=64, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [
            *scope_indexes("payment", created="created_at", paid="paid_on"),
            models.Index(fields=["state", "paid_on"], condition=ALIVE, name="payment_state"),
            models.Index(fields=["paid_on"], condition=ALIVE & ~Q(currency="CNY"), name="payment_foreign"),
            models.Index(
                fields=["contract"],
                condition=ALIVE & Q(state="confirmed", amount__gt=F("allocated") + F("refunded")),
                name="payment_surplus",
            ),
            models.Index(fields=["payer_key"], condition=ALIVE & ~Q(payer_key=""), name="payment_payer"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                name="payment_number_is_unique",
                violation_error_message=_("There is a payment with this number already."),
            ),
            models.UniqueConstraint(
                fields=["method", "bank_ref"],
                condition=ALIVE & ~Q(bank_ref="") & ~Q(state="void"),
                name="payment_is_registered_once",
                violation_error_message=_("A payment with this bank reference is registered already."),
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=~Q(submission=""), name="payment_is_submitted_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="payment_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(allocated__gte=0) & Q(refunded__gte=0) & Q(amount__gte=F("allocated") + F("refunded")),
                name="payment_is_not_allocated_twice",
                violation_error_message=_("More than the payment can't be allocated."),
            ),
        ]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.payer_key = normalise_company(record.payer)[:300]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.number, self.payer)))

    @property
    def unallocated(self) -> Decimal:
        """What is left of it."""
        return self.amount - self.allocated - self.refunded

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.contract, self.account) if record is not None]


class Allocation(Record):
    """How much of a payment pays an instalment. It counts once the payment is confirmed."""

    access = Via("payment")

    amount = MoneyField(_("amount"))
    payment = models.ForeignKey(Payment, models.CASCADE, related_name="allocations", verbose_name=_("payment"))
    instalment = models.ForeignKey(Instalment, models.PROTECT, related_name="allocations", verbose_name=_("instalment"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "instalment"],
                condition=ALIVE,
                name="payment_pays_an_instalment_once",
                violation_error_message=_("The payment pays this instalment already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="allocation_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} → {self.instalment}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.payment, self.instalment.contract]


class Refund(Record):
    """Money of a payment that went back to whoever paid."""

    access = Via("payment")

    amount = MoneyField(_("amount"))
    payment = models.ForeignKey(Payment, models.CASCADE, related_name="refunds", verbose_name=_("payment"))
    refunded_on = models.DateField(_("refunded on"))
    bank_ref = models.CharField(_("bank reference"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="refund_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} ↩ {self.refunded_on}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, *self.payment.timeline_subjects()]
