"""Money that customers owe: what a contract brings, and what of it is given up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField, PercentField
from crm.records.indexes import ALIVE
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

    outstanding = models.GeneratedField(
        verbose_name=_("outstanding"),
        expression=Case(
            When(void=True, then=Value(Decimal(0))), default=F("amount") - F("received") - F("written_off")
        ),
        output_field=MoneyField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="instalment_created"),
            models.Index(fields=["due_key", "id"], condition=ALIVE, name="instalment_due"),
            models.Index(fields=["state", "due_key"], condition=ALIVE, name="instalment_state"),
            models.Index(fields=["deleted_at", "id"], condition=~ALIVE, name="instalment_trash"),
            models.Index(fields=["due_key"], condition=ALIVE & ~Q(currency="CNY"), name="instalment_foreign"),
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
