"""Money that customers owe, and money that came."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField, PercentField
from crm.lib.text import normalise_company
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.models import Account
from sales.contracts.models import Contract
from sales.models.opportunity import SOME_DAY


class Instalment(Record):
    """A part of what a contract brings, and when it is due. Those of one contract add up to its amount.

    ``received`` and ``written_off`` are sums of what was allocated; ``state`` follows from them and from the day.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DUE = "due", _("Due")
        PARTIAL = "partially_paid", _("Partly paid")
        PAID = "paid", _("Paid")
        OVERDUE = "overdue", _("Overdue")
        VOID = "void", _("Void")

    COLOURS = {
        "pending": "slate", "due": "blue", "partially_paid": "amber",
        "paid": "green", "overdue": "red", "void": "slate",
    }  # fmt: skip

    class Event(models.TextChoices):
        DATE = "date", _("On a date")
        SIGNING = "signing", _("After signing")
        DELIVERY = "delivery", _("After delivery")
        ACCEPTANCE = "acceptance", _("After acceptance")
        INVOICE = "invoice", _("After the invoice")
        START = "start", _("After the start")

    access = Via("contract")
    derived = ("received", "written_off", "state", "due_on")
    prepared = ("account", "currency")
    shown_by = ("seq", "name")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="instalments", verbose_name=_("contract"))
    account = models.ForeignKey(
        Account, models.PROTECT, editable=False, related_name="instalments", verbose_name=_("account")
    )
    seq = models.PositiveSmallIntegerField(_("no."))
    name = models.CharField(_("name"), max_length=200, blank=True)
    ratio = PercentField(_("share"), null=True, blank=True)
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY, editable=False)
    event = models.CharField(_("due"), max_length=12, choices=Event, default=Event.DATE)
    days = models.PositiveSmallIntegerField(_("days after"), default=0)
    months = models.PositiveSmallIntegerField(_("months after"), default=0)
    fixed_on = models.DateField(_("date"), null=True, blank=True)
    due_on = models.DateField(_("due on"), null=True, editable=False)
    remind_days = models.PositiveSmallIntegerField(_("remind days before"), default=7)
    received = MoneyField(_("received"), default=Decimal(0), editable=False)
    written_off = MoneyField(_("written off"), default=Decimal(0), editable=False)
    state = ColouredField(
        _("state"), max_length=16, choices=State, colours=COLOURS, default=State.PENDING, editable=False
    )
    void = models.BooleanField(_("void"), default=False, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    due_key = models.GeneratedField(
        expression=Coalesce("due_on", SOME_DAY), output_field=models.DateField(), db_persist=True
    )

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="instalment_created"),
            models.Index(fields=["due_key", "id"], condition=ALIVE, name="instalment_due"),
            models.Index(fields=["state", "due_key"], condition=ALIVE, name="instalment_state"),
            models.Index(fields=["deleted_at", "id"], condition=~ALIVE, name="instalment_trash"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "seq"],
                condition=ALIVE,
                name="instalment_is_counted_once",
                violation_error_message=_("The contract has an instalment of this number already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="instalment_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(received__gte=0) & Q(written_off__gte=0) & Q(amount__gte=F("received") + F("written_off")),
                name="instalment_is_not_paid_twice",
                violation_error_message=_("More than the instalment can't be allocated to it."),
            ),
        ]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        ids = {record.contract_id for record in records}
        known = {pk: (account, currency) for pk, account, currency in _terms_of(ids)}
        for record in records:
            record.account_id, record.currency = known[record.contract_id]

    def __str__(self) -> str:
        return f"#{self.seq} {self.name}".strip()

    @property
    def open_amount(self) -> Decimal:
        """What is still owed of it."""
        return Decimal(0) if self.void else self.amount - self.received - self.written_off

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.contract, self.account]


def _terms_of(ids: Collection[int]) -> Iterable[tuple[int, int, str]]:
    return Contract._base_manager.filter(pk__in=ids).values_list("pk", "account", "currency")


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


class WriteOff(Record):
    """What of an instalment is given up."""

    access = Via("instalment")

    amount = MoneyField(_("amount"))
    instalment = models.ForeignKey(Instalment, models.PROTECT, related_name="write_offs", verbose_name=_("instalment"))
    written_on = models.DateField(_("written off on"))
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="write_off_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instalment} − {self.written_on}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, *self.instalment.timeline_subjects()]


class BankStatement(Record):
    """A file of the bank: what came in, line by line."""

    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=300)
    bank_account = models.CharField(_("our bank account"), max_length=100, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        indexes = scope_indexes("statement", created="created_at")

    def __str__(self) -> str:
        return self.name


class StatementLine(Record):
    """Money that the bank says came in, and which payment that is."""

    class State(models.TextChoices):
        OPEN = "open", _("To be matched")
        MATCHED = "matched", _("Matched")
        IGNORED = "ignored", _("No payment of a customer")

    COLOURS = {"open": "amber", "matched": "green", "ignored": "slate"}

    access = Via("statement")
    shown_by = ("payer", "paid_on")

    statement = models.ForeignKey(BankStatement, models.CASCADE, related_name="lines", verbose_name=_("bank statement"))
    paid_on = models.DateField(_("paid on"))
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    payer = models.CharField(_("payer"), max_length=300, blank=True)
    payer_account = models.CharField(_("payer’s bank account"), max_length=100, blank=True)
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True)
    reference = models.CharField(_("purpose"), max_length=500, blank=True)
    bank_ref = models.CharField(_("bank reference"), max_length=100, blank=True)
    state = ColouredField(_("state"), max_length=10, choices=State, colours=COLOURS, default=State.OPEN, editable=False)
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, editable=False, related_name="bank_lines", verbose_name=_("payment")
    )

    class Meta:
        verbose_name = _("line of a bank statement")
        verbose_name_plural = _("lines of bank statements")
        constraints = [
            models.UniqueConstraint(
                fields=["bank_ref"],
                condition=ALIVE & ~Q(bank_ref=""),
                name="bank_line_is_read_once",
                violation_error_message=_("This line of the bank was read already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="bank_line_amount_is_positive",
                violation_error_message=_("The amount must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.payer, self.bank_ref or str(self.paid_on))))

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.statement]
