"""Leads and opportunities that a partner is to work on, and what they tell of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from sales.models import Lead, Opportunity
from sales.partners.models.partner import Partner
from sales.partners.models.people import PartnerPerson

COLOURS = {
    "sent": "amber",
    "accepted": "blue",
    "declined": "red",
    "expired": "slate",
    "withdrawn": "slate",
    "won": "green",
    "lost": "red",
}


class LeadForward(Record):
    """A lead or an opportunity given to a partner, who accepts or declines it with a word of their own until a day.

    Which state may follow which is held by a trigger. What names neither lead nor opportunity is an enquiry told by its title.
    """

    class State(models.TextChoices):
        SENT = "sent", _("Waiting for the partner")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("No answer in time")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    RUNNING = ("sent", "accepted")
    ANSWERED = ("accepted", "declined", "won", "lost")

    derived = ("reminded_at",)
    shown_by = ("title",)

    title = models.CharField(_("forwarded matter"), max_length=300)
    lead = models.ForeignKey(
        Lead, models.SET_NULL, null=True, blank=True, related_name="forwards", verbose_name=_("lead")
    )
    opportunity = models.ForeignKey(
        Opportunity, models.SET_NULL, null=True, blank=True, related_name="forwards", verbose_name=_("opportunity")
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="forwards", verbose_name=_("partner"))
    message = models.TextField(_("message to the partner"), blank=True)
    state = ColouredField(_("state"), max_length=10, choices=State, colours=COLOURS, default=State.SENT, editable=False)
    due_at = models.DateTimeField(_("answer until"), null=True, editable=False)
    reminded_at = models.DateTimeField(_("reminded"), null=True, editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, editable=False)
    answer = models.TextField(_("answer of the partner"), blank=True, editable=False)
    answered_by = models.ForeignKey(
        PartnerPerson, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("answered by")
    )
    withdrawn_reason = models.CharField(_("why withdrawn"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("forwarded lead")
        verbose_name_plural = _("forwarded leads")
        indexes = [
            *scope_indexes("forward", created="created_at"),
            models.Index(fields=["partner", "state", "id"], condition=ALIVE, name="forward_partner"),
            models.Index(fields=["due_at"], condition=models.Q(state="sent"), name="forward_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(title=""), name="forward_has_a_title", violation_error_message=_("Enter a title.")
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["accepted", "declined", "won", "lost"])
                | (models.Q(answered_at__isnull=False) & ~models.Q(answer="")),
                name="forward_is_answered_in_words",
                violation_error_message=_("Say something to the answer."),
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=list(COLOURS)),
                name="forward_goes_step_by_step",
                violation_error_message=_("That does not fit its state any more. Load the page again."),
            ),
            models.UniqueConstraint(
                fields=["lead"],
                condition=ALIVE & models.Q(state__in=["sent", "accepted"]),
                name="lead_is_with_one_partner",
                violation_error_message=_("It is with a partner already: withdraw it there first."),
            ),
            models.UniqueConstraint(
                fields=["opportunity"],
                condition=ALIVE & models.Q(state__in=["sent", "accepted"]),
                name="opportunity_is_with_one_partner",
                violation_error_message=_("It is with a partner already: withdraw it there first."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.lead, self.opportunity, self.partner) if record is not None]

    @property
    def source(self) -> Lead | Opportunity | None:
        """What was forwarded."""
        return self.lead or self.opportunity

    @property
    def is_running(self) -> bool:
        """Whether the partner has it, or may still take it."""
        return self.state in self.RUNNING


class ForwardReport(Record):
    """How far a partner is with what was forwarded to them."""

    class Step(models.TextChoices):
        CONTACTED = "contacted", _("Contacted")
        MEETING = "meeting", _("Met")
        QUOTED = "quoted", _("Quoted")
        OTHER = "other", _("Something else")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    access = Via("forward")
    shown_by = ("text",)

    forward = models.ForeignKey(LeadForward, models.CASCADE, related_name="reports", verbose_name=_("forwarded lead"))
    step = models.CharField(_("step"), max_length=10, choices=Step, default=Step.OTHER)
    text = models.TextField(_("report"))
    reported_by = models.ForeignKey(
        PartnerPerson, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("reported by")
    )

    class Meta:
        verbose_name = _("partner's report")
        verbose_name_plural = _("partners' reports")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(text=""), name="report_has_a_text", violation_error_message=_("Write a report.")
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]

    def timeline_subjects(self) -> list[models.Model]:
        return [self, *self.forward.timeline_subjects()]
