"""Offers with prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField
from crm.records.indexes import ALIVE, scope_indexes
from crm.reference.numbers import fill_numbers
from customers.models import Account, Contact
from sales.catalogue.models import PriceBook, PricedDocument, PricedLine
from sales.models import Opportunity


def in_a_month() -> date:
    """How long a quote is good for unless something else is said."""
    return timezone.localdate() + timedelta(days=30)


class Quote(PricedDocument):
    """An offer to a customer. A new version is a new quote that ``replaces`` the one before it and keeps its number."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVING = "approving", _("In approval")
        APPROVED = "approved", _("Approved")
        SENT = "sent", _("Sent")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")
        SUPERSEDED = "superseded", _("Superseded")

    COLOURS = {
        "draft": "slate", "approving": "amber", "approved": "blue", "sent": "purple",
        "accepted": "green", "rejected": "red", "expired": "slate", "superseded": "slate",
    }  # fmt: skip

    LOCKED = (State.APPROVED, State.SENT, State.ACCEPTED, State.REJECTED, State.EXPIRED, State.SUPERSEDED)
    # What may be changed at any time: whose it is, and what is written down for ourselves.
    FREE = frozenset({"owner", "department", "note", "custom", "extras"})

    shown_by = ("number", "revision", "title")
    derived = (*PricedDocument.derived, "opened_count", "opened_at")
    untold = ("link_key", "proof")

    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    revision = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="replaced_by", verbose_name=_("replaces")
    )
    title = models.CharField(_("title"), max_length=300, blank=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="quotes", verbose_name=_("account"))
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="quotes", verbose_name=_("contact")
    )
    opportunity = models.ForeignKey(
        Opportunity, models.PROTECT, null=True, blank=True, related_name="quotes", verbose_name=_("opportunity")
    )
    price_book = models.ForeignKey(
        PriceBook, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("price book")
    )
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.DRAFT, editable=False
    )
    valid_until = models.DateField(_("valid until"), null=True, blank=True, default=in_a_month)
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    answered_at = models.DateTimeField(_("answered on"), null=True, editable=False)
    answer = models.CharField(_("answer"), max_length=500, blank=True, editable=False)
    # By what the customer's link is known; empty: there is none. A later one makes the earlier ones worthless.
    link_key = models.CharField(max_length=40, blank=True, editable=False)
    opened_count = models.PositiveIntegerField(_("opened by the customer"), default=0, editable=False)
    opened_at = models.DateTimeField(_("last opened"), null=True, editable=False)
    signed_name = models.CharField(_("accepted by"), max_length=200, blank=True, editable=False)
    # What shows that the customer agreed: name, moment, address, browser, and a hash of what was agreed to.
    proof = models.JSONField(default=dict, editable=False)
    terms = models.TextField(_("terms"), blank=True)
    payment_terms = models.TextField(
        _("payment terms"), blank=True, help_text=_("Like: 30% 签约后 7 天, 60% 验收, 10% 质保 12 个月")
    )
    note = models.TextField(_("note for us"), blank=True)

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        indexes = [
            *scope_indexes("quote", created="created_at"),
            models.Index(fields=["state", "valid_until"], condition=ALIVE, name="quote_ends"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number", "revision"], name="quote_number_is_unique"),
            models.CheckConstraint(
                condition=Q(discount_amount__gte=0) & Q(discount_percent__range=(0, 100)),
                name="quote_reduction_is_not_negative",
                violation_error_message=_("A reduction can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        version = f" v{self.revision}" if self.revision > 1 else ""
        return " ".join(filter(None, (f"{self.number}{version}", self.title)))

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        fill_numbers(records, "number", "sales.quote")

    def open_fields(self) -> frozenset[str]:
        """What may still be changed of it once it was released."""
        answered = self.state in (self.State.ACCEPTED, self.State.REJECTED, self.State.SUPERSEDED)
        return self.FREE if answered else self.FREE | {"valid_until"}

    def is_over(self, today: date | None = None) -> bool:
        """Whether its validity has ended."""
        return self.valid_until is not None and self.valid_until < (today or timezone.localdate())

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.opportunity, self.account) if record is not None]


class QuoteLine(PricedLine):
    """What is offered. An ``optional`` line counts once the customer has ``chosen`` it."""

    access = Via("document")

    document = models.ForeignKey(Quote, models.CASCADE, related_name="lines", verbose_name=_("quote"))
    optional = models.BooleanField(_("optional"), default=False)
    chosen = models.BooleanField(_("chosen"), default=False)
    price_reason = models.JSONField(_("how the price came about"), default=list, editable=False)

    class Meta(PricedLine.Meta):
        verbose_name = _("quote line")
        verbose_name_plural = _("quote lines")
        ordering = ["position", "id"]

    @property
    def counts(self) -> bool:
        return self.chosen or not self.optional
