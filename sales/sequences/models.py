"""Steps that are taken one after another with a person until they answer."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.policy import Shared, Via
from crm.fields.columns import ColouredField
from crm.messaging.models import MailAccount, MailMessage, MessageTemplate
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account, Contact
from sales.models import Lead, Opportunity

LONGEST_WAIT = 365


class Sequence(Record):
    """A row of e-mails and tasks with waits between them, for leads and contacts."""

    access = Shared()

    class Hours(models.TextChoices):
        HOURS = "hours", _("In working hours")
        DAYS = "days", _("On working days")
        ALWAYS = "always", _("At any time")

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    active = models.BooleanField(
        _("in use"), default=True, help_text=_("Switched off, it stops for everybody who is in it.")
    )
    hours = models.CharField(_("steps are taken"), max_length=10, choices=Hours, default=Hours.HOURS)
    thread_replies = models.BooleanField(
        _("further e-mails answer the first"), default=True, help_text=_("They lie in one thread with its subject.")
    )
    marketing = models.BooleanField(
        _("advertising"), default=False, help_text=_("Only to people who agreed to be advertised to.")
    )
    whole_account = models.BooleanField(
        _("stops for the whole account"),
        default=False,
        help_text=_("An answer of one person stops it for the colleagues, too."),
    )

    class Meta:
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")
        indexes = scope_indexes("sequence", created="created_at")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="sequence_has_a_name", violation_error_message=_("Enter a name.")
            )
        ]

    def __str__(self) -> str:
        return self.name


class SequenceStep(Record):
    """An e-mail or a task, so long after the step before it."""

    access = Via("sequence")

    class Kind(models.TextChoices):
        MAIL = "mail", _("Automatic e-mail")
        CALL = "call", _("Task: call")
        TASK = "task", _("Task")

    class Unit(models.TextChoices):
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="steps", verbose_name=_("sequence"))
    position = models.PositiveIntegerField(_("position"), default=0)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.MAIL)
    wait = models.PositiveSmallIntegerField(_("wait"), default=1, validators=[MaxValueValidator(LONGEST_WAIT)])
    unit = models.CharField(pgettext_lazy("of a wait", "unit"), max_length=10, choices=Unit, default=Unit.DAYS)
    template = models.ForeignKey(
        MessageTemplate,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("template"),
    )
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(pgettext_lazy("of a message", "text"), max_length=20_000, blank=True)

    class Meta:
        verbose_name = _("step of a sequence")
        verbose_name_plural = _("steps of sequences")
        indexes = [models.Index(fields=["sequence", "position"], condition=ALIVE, name="sequence_step_order")]

    def __str__(self) -> str:
        return self.subject or str(self.template or self.get_kind_display())

    def texts(self) -> tuple[str, str]:
        """Subject and text with their merge tags: the template's, else its own."""
        return (self.template.subject, self.template.body) if self.template else (self.subject, self.body)


class Enrolment(Record):
    """Somebody goes through a sequence. Made by the verb; ``entering`` and ``moving`` alone change its state.

    By hand it is made paused: resuming asks what enrolling asks.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("enrolment", "Under way")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        STOPPED = "stopped", _("Stopped")

    class Reason(models.TextChoices):
        REPLIED = "replied", _("Replied")
        MET = "met", _("Meeting")
        BOUNCED = "bounced", _("E-mail came back")
        UNWANTED = "unwanted", _("Unsubscribed")
        CONVERTED = "converted", _("Converted")
        WON = "won", _("Won")
        LOST = "lost", _("Lost or invalid")
        TRASHED = "trashed", _("Deleted")
        POOLED = "pooled", _("Gone to the pool")
        OFF = "off", _("Sequence switched off")
        HAND = "hand", _("By hand")
        TWICE = "twice", _("In another sequence")

    COLOURS = {"active": "blue", "paused": "amber", "finished": "green", "stopped": "slate"}

    RUNNING = (State.ACTIVE, State.PAUSED)
    derived = ("replied_at", "met_at", "bounced_at")
    shown_by = ("sequence",)

    sequence = models.ForeignKey(Sequence, models.PROTECT, related_name="enrolments", verbose_name=_("sequence"))
    lead = models.ForeignKey(
        Lead, models.SET_NULL, null=True, blank=True, related_name="enrolments", verbose_name=_("lead")
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="enrolments", verbose_name=_("contact")
    )
    opportunity = models.ForeignKey(
        Opportunity, models.SET_NULL, null=True, blank=True, related_name="enrolments", verbose_name=_("opportunity")
    )
    account = models.ForeignKey(
        Account,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="enrolments",
        verbose_name=_("account"),
    )
    mailbox = models.ForeignKey(
        MailAccount, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("mail account")
    )
    state = ColouredField(
        _("state"), max_length=10, choices=State, colours=COLOURS, default=State.PAUSED, editable=False
    )
    reason = models.CharField(_("why stopped"), max_length=10, choices=Reason, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True, editable=False)
    step = models.ForeignKey(
        SequenceStep, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("next step")
    )
    next_at = models.DateTimeField(_("next step at"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    replied_at = models.DateTimeField(_("replied"), null=True, editable=False)
    met_at = models.DateTimeField(_("meeting"), null=True, editable=False)
    bounced_at = models.DateTimeField(_("came back"), null=True, editable=False)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        indexes = [
            *scope_indexes("enrolment", created="created_at"),
            models.Index(fields=["next_at", "id"], condition=ALIVE & Q(state="active"), name="enrolment_due"),
        ]

    def __str__(self) -> str:
        return str(self.sequence) if self.sequence_id else ""

    @property
    def person(self) -> Lead | Contact | None:
        """Who goes through it."""
        return self.lead or self.contact

    def timeline_subjects(self) -> list[models.Model]:
        found = (self, self.lead, self.contact, self.opportunity, self.account)
        return [record for record in found if record is not None]


class StepRun(models.Model):
    """A step that was taken, once. Not an entity: a part of its enrolment."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="runs")
    step = models.ForeignKey(SequenceStep, models.CASCADE, related_name="runs")
    position = models.PositiveIntegerField()
    at = models.DateTimeField()
    message = models.ForeignKey(MailMessage, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="sequence_step_is_taken_once")]

    def __str__(self) -> str:
        return f"{self.enrolment_id}:{self.step_id}"
