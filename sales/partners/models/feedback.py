"""What partners tell us of the products, the customers and ourselves, and what we answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.fields.columns import ColouredField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account
from sales.partners.models.partner import Partner
from sales.partners.models.people import PartnerPerson

COLOURS = {"new": "amber", "in_hand": "blue", "answered": "green", "closed": "slate"}


class PartnerFeedback(Record):
    """A word of a partner to us. Its owner is the partner manager to begin with; what is answered the partner reads."""

    class Topic(models.TextChoices):
        PRODUCT = "product", _("Products")
        CUSTOMER = "customer", _("Customers and market")
        US = "us", _("Working with you")
        COMPETITOR = "competitor", _("Competitors")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("feedback", "New")
        IN_HAND = "in_hand", _("Being looked into")
        ANSWERED = "answered", pgettext_lazy("feedback", "Answered")
        CLOSED = "closed", pgettext_lazy("feedback", "Closed")

    shown_by = ("title",)

    title = models.CharField(_("headline"), max_length=200)
    topic = models.CharField(_("topic"), max_length=12, choices=Topic, default=Topic.PRODUCT)
    text = models.TextField(_("feedback"))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="feedback", verbose_name=_("partner"))
    account = models.ForeignKey(
        Account,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("customer concerned"),
        help_text=_("Seen by us alone."),
    )
    submitted_by = models.ForeignKey(
        PartnerPerson, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("submitted by")
    )
    state = ColouredField(_("state"), max_length=10, choices=State, colours=COLOURS, default=State.NEW, editable=False)
    answer = models.TextField(_("our answer"), blank=True, editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, editable=False)

    class Meta:
        verbose_name = _("partner feedback")
        verbose_name_plural = _("partner feedback")
        indexes = [
            *scope_indexes("feedback", created="created_at"),
            models.Index(fields=["partner", "id"], condition=ALIVE, name="feedback_partner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(text=""),
                name="feedback_says_something",
                violation_error_message=_("Say what it is about, and what you noticed."),
            ),
            models.CheckConstraint(
                condition=~Q(state="answered") | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="feedback_is_answered_in_words",
                violation_error_message=_("Write the answer, which the partner reads."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(COLOURS)),
                name="feedback_state_is_known",
                violation_error_message=_("There is no such state."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.partner, self.account) if record is not None]
