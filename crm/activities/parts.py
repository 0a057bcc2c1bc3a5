"""What belongs to activities without being records of their own: people, reminders, plans, targets, calendar feeds."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Participant(models.Model):
    """Somebody who takes part in an activity: a colleague, or a person among the customers. Not an entity: a part of it.

    Colleagues who ``act`` do it together with the owner; the others are invited.
    """

    class State(models.TextChoices):
        INVITED = "invited", _("Has not answered")
        ACCEPTED = "accepted", _("Accepted")
        TENTATIVE = "tentative", _("Perhaps")
        DECLINED = "declined", _("Declined")

    task = models.ForeignKey("activities.Task", models.CASCADE, related_name="participants", verbose_name=_("task"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("colleague")
    )
    entity = models.CharField(_("entity"), max_length=100, blank=True)
    record_id = models.BigIntegerField(_("record"), null=True)
    acts = models.BooleanField(_("does it, too"), default=False)
    state = models.CharField(_("answer"), max_length=10, choices=State, default=State.INVITED)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.CheckConstraint(
                name="participant_is_one_person",
                condition=models.Q(user__isnull=False, entity="", record_id__isnull=True)
                | (models.Q(user__isnull=True, record_id__isnull=False) & ~models.Q(entity="")),
            ),
            models.UniqueConstraint(fields=["task", "user"], name="colleague_takes_part_once"),
            models.UniqueConstraint(fields=["task", "entity", "record_id"], name="person_takes_part_once"),
        ]
        indexes = [models.Index(fields=["user", "task"], name="participant_user")]

    def __str__(self) -> str:
        return str(self.user) if self.user_id else f"{self.entity} {self.record_id}"


class Reminder(models.Model):
    """A moment at which one person is to be reminded of an activity, once. Not an entity: it follows from the activity."""

    task = models.ForeignKey("activities.Task", models.CASCADE, related_name="reminders", verbose_name=_("task"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    at = models.DateTimeField(_("when"))
    snoozed = models.BooleanField(_("put off"), default=False)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [models.UniqueConstraint(fields=["task", "user", "at"], name="reminded_once_a_moment")]
        indexes = [models.Index(fields=["at"], condition=models.Q(sent_at__isnull=True), name="reminder_waiting")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.user_id} · {self.at:%Y-%m-%d %H:%M}"


class ActivityPlan(models.Model):
    """Steps that belong together: applied to a record they become its tasks. Not an entity: kept in Django admin."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    entities = models.JSONField(
        _("for"), default=list, blank=True, help_text=_("Empty: for every record that takes activities.")
    )
    active = models.BooleanField(_("in use"), default=True)
    description = models.CharField(_("description"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("activity plan")
        verbose_name_plural = _("activity plans")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PlanStep(models.Model):
    """One activity of a plan, so many working days after the anchor day (before it, when negative)."""

    class To(models.TextChoices):
        OWNER = "owner", _("The owner of the record")
        ROLE = "role", _("Who has least to do of a role")
        PERSON = "person", _("This person")

    plan = models.ForeignKey(ActivityPlan, models.CASCADE, related_name="steps", verbose_name=_("plan"))
    position = models.PositiveIntegerField(_("position"), default=0)
    subject = models.CharField(_("subject"), max_length=300)
    kind = models.CharField(_("kind"), max_length=10, default="task")
    days = models.SmallIntegerField(_("working days after"), default=0)
    priority = models.CharField(_("priority"), max_length=10, default="normal")
    to = models.CharField(_("done by"), max_length=10, choices=To, default=To.OWNER)
    role = models.ForeignKey(
        "access.Role", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("role")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    description = models.TextField(_("description"), blank=True)
    checklist = models.TextField(_("checklist"), blank=True, help_text=_("A step on each line."))

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "days", "id"]
        constraints = [
            models.CheckConstraint(
                name="plan_step_days_are_sane",
                condition=models.Q(days__range=(-250, 400)),
                violation_error_message=_("Choose between -250 and 400 days."),
            )
        ]

    def __str__(self) -> str:
        return self.subject


class ActivityTarget(models.Model):
    """How many calls, visits or meetings a week are expected of each person of a department and those below it.

    Not an entity: kept in Django admin. The nearest department counts; without one it is for everybody.
    """

    class Kind(models.TextChoices):
        CALL = "call", _("Calls")
        VISIT = "visit", _("Visits")
        MEETING = "meeting", _("Meetings")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    department = models.ForeignKey(
        "users.Department", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    per_week = models.PositiveIntegerField(_("a week"), validators=[MaxValueValidator(1000)])

    class Meta:
        verbose_name = _("activity target")
        verbose_name_plural = _("activity targets")
        ordering = ["kind", "department__path"]
        constraints = [
            models.UniqueConstraint(
                "kind",
                "department",
                name="activity_target_is_unique",
                nulls_distinct=False,
                violation_error_message=_("There is such a target already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.department or ''} {self.per_week}"


class Star(models.Model):
    """A record that a person keeps at hand. Not an entity: nobody else knows of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="stars", verbose_name=_("user"))
    entity = models.CharField(_("entity"), max_length=100)
    record_id = models.BigIntegerField(_("record"))
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        default_permissions = ()
        verbose_name = _("star")
        verbose_name_plural = _("stars")
        constraints = [models.UniqueConstraint(fields=["user", "entity", "record_id"], name="one_star_a_record")]
        indexes = [
            models.Index(fields=["entity", "record_id"], name="star_record"),
            models.Index(fields=["user", "-since", "-id"], name="star_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.entity} {self.record_id}"


def new_key() -> str:
    """What makes the address of a feed secret."""
    return secrets.token_urlsafe(24)


class CalendarFeed(models.Model):
    """The secret address by which a person's other calendars read this one. Not an entity: taking it away ends it."""

    user: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feeds", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=100)
    key = models.CharField(max_length=64, unique=True, default=new_key, editable=False)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    used_at = models.DateTimeField(_("last read"), null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        ordering = ["made_at"]

    def __str__(self) -> str:
        return self.name
