"""What was agreed: contracts, with what, with whom, and how they changed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Shared, Via
from crm.fields.columns import ColouredField, MoneyField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account, Contact
from sales.catalogue.models import PricedDocument, PricedLine
from sales.models import Opportunity
from sales.quotes.models import Quote

CLAUSES = _(
    "A line that begins with # is the heading of a clause. Variables: {{ contract.number }}, {{ customer.name }},"
    " {{ contract.total | capitals }}, {{ contract.starts_on }}."
)

SIGNED = ("signed", "active", "completed", "expired")
"""The states of a contract that was signed and still stands."""
OWED = ("approved", *SIGNED)
"""The states of a contract in which its money is owed."""


class Contract(PricedDocument):
    """An agreement with a customer. Its ``amount`` is what instalments add up to: the total of its lines, where it has lines."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVING = "approving", _("In approval")
        APPROVED = "approved", _("Approved")
        SIGNED = "signed", _("Signed")
        ACTIVE = "active", _("In force")
        COMPLETED = "completed", _("Completed")
        TERMINATED = "terminated", _("Terminated")
        EXPIRED = "expired", _("Expired")

    COLOURS = {
        "draft": "slate", "approving": "amber", "approved": "blue", "signed": "purple",
        "active": "green", "completed": "teal", "terminated": "red", "expired": "slate",
    }  # fmt: skip

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        SERVICE = "service", _("Service")
        FRAMEWORK = "framework", _("Framework agreement")
        RENEWAL = "renewal", _("Renewal")

    class Seal(models.TextChoices):
        NONE = "none", _("Not sealed")
        OURS = "ours", _("Sealed by us")
        THEIRS = "theirs", _("Sealed by the customer")
        BOTH = "both", _("Sealed by both")

    number_sequence = "sales.contract"
    gap_free = ("number",)
    shown_by = ("number", "title")

    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=300)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.SALE)
    account = models.ForeignKey(Account, models.PROTECT, related_name="contracts", verbose_name=_("account"))
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    opportunity = models.ForeignKey(
        Opportunity, models.PROTECT, null=True, blank=True, related_name="contracts", verbose_name=_("opportunity")
    )
    quote = models.ForeignKey(
        Quote, models.PROTECT, null=True, blank=True, related_name="contracts", verbose_name=_("quote")
    )
    framework = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="calls", verbose_name=_("framework agreement")
    )
    amount = MoneyField(_("amount"), default=Decimal(0))
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.DRAFT, editable=False
    )
    seal = models.CharField(_("seal"), max_length=10, choices=Seal, default=Seal.NONE, editable=False)
    signed_on = models.DateField(_("signed on"), null=True, blank=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    accepted_on = models.DateField(_("accepted on"), null=True, editable=False)
    ended_on = models.DateField(_("terminated on"), null=True, editable=False)
    end_reason = models.CharField(_("reason of the termination"), max_length=500, blank=True, editable=False)
    renewal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="renewals", verbose_name=_("renewal of")
    )
    template = models.ForeignKey(
        "ContractTemplate", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("contract template")
    )
    clauses = models.TextField(_("clauses"), blank=True, help_text=CLAUSES)
    renews = models.BooleanField(_("renews by itself"), default=False)
    remind_days = models.PositiveSmallIntegerField(_("remind days before the end"), default=30)
    payment_terms = models.TextField(
        _("payment terms"), blank=True, help_text=_("Like: 30% 签约后 7 天, 60% 验收, 10% 质保 12 个月")
    )
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        indexes = [
            *scope_indexes("contract", created="created_at", amount="amount"),
            models.Index(fields=["state", "ends_on"], condition=ALIVE, name="contract_ends"),
            models.Index(fields=["signed_on"], condition=ALIVE & ~Q(currency="CNY"), name="contract_foreign"),
            models.Index(
                fields=["opportunity"],
                condition=ALIVE & Q(opportunity__isnull=False, state__in=OWED),
                name="contract_owed",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                name="contract_number_is_unique",
                violation_error_message=_("There is a contract with this number already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & Q(discount_amount__gte=0) & Q(discount_percent__range=(0, 100)),
                name="contract_amount_is_not_negative",
                violation_error_message=_("The amount can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="contract_ends_after_it_starts",
                violation_error_message=_("It ends before it starts."),
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.number, self.title)))

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        """A contract that names a template begins with what that says."""
        bare = [record for record in records if record.template_id and not record.clauses]
        found = ContractTemplate._base_manager.in_bulk({record.template_id for record in bare}) if bare else {}
        for record in bare:
            template = found[record.template_id]
            record.clauses = template.clauses
            record.payment_terms = record.payment_terms or template.payment_terms

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.opportunity, self.account) if record is not None]


class ContractTemplate(Record):
    """What contracts of a kind say beside what is sold: clauses with variables. The first one in use counts by itself."""

    access = Shared()
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(
        _("for contracts of kind"), max_length=20, choices=Contract.Kind, default=Contract.Kind.SALE
    )
    clauses = models.TextField(_("clauses"), help_text=CLAUSES)
    payment_terms = models.TextField(
        _("payment terms"), blank=True, help_text=_("Like: 30% 签约后 7 天, 60% 验收, 10% 质保 12 个月")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=10, help_text=_("The first one counts by itself."))
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("contract template")
        verbose_name_plural = _("contract templates")
        indexes = scope_indexes("contracttemplate", created="created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=ALIVE,
                name="contract_template_name_is_unique",
                violation_error_message=_("There is a template of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ContractLine(PricedLine):
    """What was agreed to be delivered."""

    access = Via("document")

    document = models.ForeignKey(Contract, models.CASCADE, related_name="lines", verbose_name=_("contract"))

    class Meta(PricedLine.Meta):
        verbose_name = _("contract line")
        verbose_name_plural = _("contract lines")
        ordering = ["position", "id"]


class ContractChange(PricedDocument):
    """A change of a contract in force: what it comes to from then on. Its lines, where it has any, replace those of the contract."""

    access = Via("contract")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVING = "approving", _("In approval")
        APPLIED = "applied", _("In force")
        DROPPED = "dropped", _("Dropped")

    COLOURS = {"draft": "slate", "approving": "amber", "applied": "green", "dropped": "slate"}

    class Spread(models.TextChoices):
        LAST = "last", _("With the last open instalment")
        NEW = "new", _("As an instalment of its own")
        EVEN = "even", _("Shared among the open instalments")

    shown_by = ("title",)

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="changes", verbose_name=_("contract"))
    seq = models.PositiveSmallIntegerField(_("no."), default=0, editable=False)
    title = models.CharField(_("what changes"), max_length=300)
    reason = models.TextField(_("reason"), blank=True)
    amount = MoneyField(_("new amount"), null=True, blank=True, help_text=_("With lines it is their total."))
    amount_before = MoneyField(_("amount before"), null=True, editable=False)
    ends_on = models.DateField(_("new end"), null=True, blank=True)
    spread = models.CharField(_("the difference is paid"), max_length=10, choices=Spread, default=Spread.LAST)
    due_on = models.DateField(_("due on"), null=True, blank=True, help_text=_("Of an instalment of its own."))
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.DRAFT, editable=False
    )
    applied_on = models.DateField(_("in force since"), null=True, editable=False)
    # While it is being put in force: the lines that the contract had before, and whether what holds for the whole changes.
    replaced: Sequence[ContractLine] = ()
    retermed = False

    class Meta:
        verbose_name = _("contract change")
        verbose_name_plural = _("contract changes")
        constraints = [
            models.CheckConstraint(
                condition=(Q(amount__isnull=True) | Q(amount__gte=0))
                & Q(discount_amount__gte=0)
                & Q(discount_percent__range=(0, 100)),
                name="contract_change_amount_is_not_negative",
                violation_error_message=_("The amount can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.contract]


class ContractChangeLine(PricedLine):
    """What is to be delivered once the change is in force."""

    access = Via("document")

    document = models.ForeignKey(
        ContractChange, models.CASCADE, related_name="lines", verbose_name=_("contract change")
    )

    class Meta(PricedLine.Meta):
        verbose_name = _("line of a change")
        verbose_name_plural = _("lines of changes")
        ordering = ["position", "id"]


class ContractParty(Record):
    """Who is bound by a contract."""

    access = Via("contract")

    class Role(models.TextChoices):
        US = "us", _("Us (party B)")
        CUSTOMER = "customer", _("Customer (party A)")
        GUARANTOR = "guarantor", _("Guarantor")
        THIRD = "third", _("Third party")

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="parties", verbose_name=_("contract"))
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.CUSTOMER)
    name = models.CharField(_("name"), max_length=300)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True)
    signatory = models.CharField(_("signs for it"), max_length=100, blank=True)
    signed_on = models.DateField(_("signed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("contract party")
        verbose_name_plural = _("contract parties")

    def __str__(self) -> str:
        return self.name

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.contract]
