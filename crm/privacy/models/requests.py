"""What somebody asks for about their own data."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.policy import Shared
from crm.fields.columns import SealedField
from crm.records.indexes import ALIVE
from crm.records.models import Record


class PrivacyRequest(Record):
    """One request of one person, from receipt to answer. It outlives the data: it names the person by number alone.

    ``plan`` is what an erasure would do, ``outcome`` what was done: counts by place.
    """

    access = Shared()
    derived = ("plan", "outcome")
    untold = ("person_entity", "person_id")

    class Kind(models.TextChoices):
        ACCESS = "access", _("Access: a copy of the data")
        ERASURE = "erasure", _("Erasure")
        RECTIFICATION = "rectification", _("Rectification")
        WITHDRAWAL = "withdrawal", _("Withdrawal of consent")

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        WORKING = "working", _("Being worked on")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    class Law(models.TextChoices):
        PIPL = "pipl", _("PIPL")
        GDPR = "gdpr", _("GDPR")
        CCPA = "ccpa", _("CCPA")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.ACCESS)
    law = models.CharField(_("under which law"), max_length=10, choices=Law, default=Law.PIPL)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.RECEIVED, editable=False)
    person_entity = models.CharField(max_length=100, blank=True, editable=False)
    person_id = models.BigIntegerField(null=True, editable=False)
    received_on = models.DateField(_("received on"), default=timezone.localdate)
    due_on = models.DateField(
        _("due on"), null=True, blank=True, help_text=_("Empty: as many days after receipt as the law gives.")
    )
    came_by = models.CharField(_("how it came"), max_length=200, blank=True)
    note = SealedField(_("what was asked"), blank=True)
    answer = models.TextField(pgettext_lazy("to a request", "answer"), max_length=5000, blank=True)
    done_at = models.DateTimeField(_("settled"), null=True, editable=False)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("settled by"),
    )
    plan = models.JSONField(default=dict, editable=False)
    outcome = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("privacy request")
        verbose_name_plural = _("privacy requests")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="privacy_request_created"),
            models.Index(fields=["person_entity", "person_id"], name="privacy_request_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk or ''}"

    @classmethod
    def prepare(cls, records: list[PrivacyRequest]) -> None:
        """When it is due, where nobody said it."""
        for record in records:
            if record.due_on is None:
                record.due_on = due_day(record.law, record.received_on)

    @property
    def open(self) -> bool:
        return self.state in {self.State.RECEIVED, self.State.WORKING}

    @property
    def late(self) -> bool:
        return self.open and self.due_on is not None and self.due_on < timezone.localdate()


def due_day(law: str, received: date) -> date:
    """The last day on which a request must be answered."""
    days = settings.PRIVACY_DAYS_CCPA if law == PrivacyRequest.Law.CCPA else settings.PRIVACY_DAYS
    return received + timedelta(days=days)
