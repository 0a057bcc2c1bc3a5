"""Files of the bank."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from sales.receivables.models.payment import Payment


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
