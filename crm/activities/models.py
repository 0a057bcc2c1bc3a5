"""What people did with a record and what they will do: follow-ups and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Attached, Joined
from crm.activities.about import AboutField, AboutQuerySet
from crm.activities.lead_times import LeadTimesField
from crm.activities.parts import (  # noqa: F401 - found by Django here
    ActivityPlan,
    ActivityTarget,
    CalendarFeed,
    Participant,
    PlanStep,
    Reminder,
    Star,
)
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record

SOME_DAY = datetime(9999, 12, 31, tzinfo=UTC)


class OnRecord(Record):
    """A record about another one of any entity, or about none. Its name is not repeated here: not all who read this may know it."""

    on_entity = models.CharField(_("about what"), max_length=100, blank=True, editable=False)
    on_id = models.BigIntegerField(_("about which"), null=True, blank=True, editable=False)
    about = AboutField(_("about"))

    objects = AboutQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def on(self) -> models.Model | None:
        """The record it is about, whoever asks; None when there is none (any more)."""
        if not self.on_id:
            return None
        return apps.get_model(self.on_entity)._base_manager.filter(pk=self.on_id).first()


class Task(OnRecord):
    """Something to be done, by its owner, perhaps by a moment; with an end it takes time and stands in the calendar.

    ``done_at`` follows from the status. Whoever takes part sees it; those who do it with the owner may change it.
    ``series`` is a number that activities which repeat have in common; each of them is a row of its own and keeps ``repeats``,
    the RRULE (RFC 5545) by which the next ones are made, and ``occurs_at``, when the rule put it. ``checklist`` holds a step a line,
    ``[x]`` before those that are done.
    """

    class Kind(models.TextChoices):
        TASK = "task", _("Task")
        CALL = "call", _("Call")
        VISIT = "visit", _("Visit")
        MEETING = "meeting", _("Meeting")
        EVENT = "event", _("Event")
        EMAIL = "email", _("E-mail")

    class Priority(models.TextChoices):
        HIGH = "high", _("High")
        NORMAL = "normal", _("Normal")
        LOW = "low", _("Low")

    class Status(models.TextChoices):
        OPEN = "open", _("To do")
        DOING = "doing", _("In progress")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    TO_DO = (Status.OPEN, Status.DOING)

    access = Joined("participants")
    prepared = ("done_at",)
    derived = ("steps_done", "steps_total")
    untold = ("series", "occurs_at", "repeats")

    subject = models.CharField(_("subject"), max_length=300)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TASK)
    due_at = models.DateTimeField(_("due or begins"), null=True, blank=True)
    ends_at = models.DateTimeField(
        _("ends"), null=True, blank=True, help_text=_("With an end it stands in the calendar as time taken.")
    )
    all_day = models.BooleanField(_("all day"), default=False)
    place = models.CharField(_("place"), max_length=300, blank=True)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority, default=Priority.NORMAL)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    remind = LeadTimesField(
        _("reminder"),
        default="",
        blank=True,
        help_text=_("Type a number for any other time; several are possible. Empty: as each person prefers."),
    )
    done_at = models.DateTimeField(_("done at"), null=True, blank=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    checklist = models.TextField(
        _("checklist"), blank=True, help_text=_("A step on each line; [x] before what is done.")
    )
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    report = models.TextField(_("meeting minutes"), blank=True, help_text=_("What was said, seen and agreed."))

    checked_in_at = models.DateTimeField(_("checked in"), null=True, blank=True, editable=False)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True, editable=False)
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True, editable=False
    )
    repeats = models.CharField(_("repeats"), max_length=300, blank=True, editable=False)
    series = models.BigIntegerField(_("series"), null=True, blank=True, editable=False)
    occurs_at = models.DateTimeField(_("planned for"), null=True, blank=True, editable=False)
    steps_done = models.PositiveIntegerField(_("steps done"), default=0, editable=False)
    steps_total = models.PositiveIntegerField(_("steps"), default=0, editable=False)

    due_key = models.GeneratedField(
        expression=Coalesce("due_at", SOME_DAY), output_field=models.DateTimeField(), db_persist=True
    )

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            *scope_indexes("task", due="due_key", created="created_at"),
            models.Index(
                fields=["owner", "due_key"], condition=ALIVE & models.Q(status__in=["open", "doing"]), name="task_to_do"
            ),
            models.Index(fields=["on_entity", "on_id", "due_key"], condition=ALIVE, name="task_on"),
            models.Index(
                fields=["owner", "ends_at"], condition=ALIVE & models.Q(ends_at__isnull=False), name="task_ends"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="task_ends_after_it_begins",
                condition=models.Q(ends_at__isnull=True)
                | models.Q(due_at__isnull=False, ends_at__gt=models.F("due_at")),
                violation_error_message=_("The end lies after the beginning."),
            ),
            models.CheckConstraint(
                name="task_is_not_its_own_part",
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                violation_error_message=_("A task can't be a part of itself."),
            ),
            models.CheckConstraint(
                name="task_place_is_on_earth",
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                violation_error_message=_("There is no such place on earth."),
            ),
            models.UniqueConstraint(
                fields=["series", "occurs_at"], name="task_occurs_once", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            if record.status != cls.Status.DONE:
                record.done_at = None
            elif record.done_at is None:
                record.done_at = timezone.now()
        cls._keep_lengths([r for r in records if r.ends_at and r.due_at and not r._state.adding])

    @classmethod
    def _keep_lengths(cls, records: Sequence[Self]) -> None:
        """What was moved by its beginning alone, whichever door that came through, lasts as long as before."""
        if not records:
            return
        known = cls._base_manager.filter(pk__in=[r.pk for r in records], ends_at__isnull=False)
        before = {pk: (start, end) for pk, start, end in known.values_list("pk", "due_at", "ends_at")}
        for record in records:
            start, end = before.get(record.pk, (None, None))
            if start and end and record.due_at != start and record.ends_at == end:
                record.ends_at = end + (record.due_at - start)

    def clean(self) -> None:
        """Forms judge what belongs together before it is written."""
        if self.ends_at and self.due_at and not self._state.adding:
            self._keep_lengths([self])

    def timeline_subjects(self) -> list[models.Model]:
        """Also on the timeline of what it is about, for those who may see the task; of a series only what was done."""
        told = self.on_id and (not self.series or self.status == self.Status.DONE)
        return [self, apps.get_model(self.on_entity)(pk=self.on_id)] if told else [self]

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done, begun or not."""
        return self.status in self.TO_DO

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been done on an earlier day."""
        return self.is_open and self.due_at is not None and timezone.localdate(self.due_at) < timezone.localdate()

    @property
    def is_due_today(self) -> bool:
        """Whether it is to be done today."""
        return self.is_open and self.due_at is not None and timezone.localdate(self.due_at) == timezone.localdate()


class FollowUp(OnRecord):
    """What was said or done with a customer. What others read of it is the entry on the record it is about."""

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        CALL = "call", _("Call")
        VISIT = "visit", _("Visit")
        MEETING = "meeting", _("Meeting")
        EMAIL = "email", _("E-mail")

    prepared = ("title",)

    title = models.CharField(_("follow-up"), max_length=100, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NOTE)
    text = models.TextField(_("what was said"))
    happened_at = models.DateTimeField(_("when"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    next_step = models.CharField(_("next step"), max_length=300, blank=True)
    next_step_on = models.DateField(_("next step on"), null=True, blank=True)
    task = models.ForeignKey(
        Task, models.SET_NULL, null=True, blank=True, editable=False, related_name="told_by", verbose_name=_("task")
    )

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        indexes = [
            *scope_indexes("followup", happened="happened_at"),
            models.Index(fields=["on_entity", "on_id", "happened_at"], condition=ALIVE, name="followup_on"),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.title = " ".join(record.text[:300].split())[:100]


class Comment(OnRecord):
    """What colleagues say to each other about a record. Who sees the record reads it; only who wrote it changes it.

    ``answers`` is the comment it replies to, one level deep. ``mentions`` holds id and name of those it speaks to.
    """

    access = Attached(authored=True)
    prepared = ("title",)

    title = models.CharField(_("comment"), max_length=100, editable=False)
    text = models.TextField(_("text"))
    answers = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="replies",
        verbose_name=_("reply to"),
    )
    mentions = models.JSONField(_("mentioned"), default=list, blank=True, editable=False)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="comment_created_all"),
            models.Index(fields=["owner", "created_at", "id"], condition=ALIVE, name="comment_created_owner"),
            models.Index(fields=["on_entity", "on_id", "created_at"], condition=ALIVE, name="comment_on"),
        ]
        constraints = [
            models.CheckConstraint(
                name="comment_is_on_a_record",
                condition=~models.Q(on_entity="") & models.Q(on_id__isnull=False),
                violation_error_message=_("A comment belongs to a record."),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        super().prepare(records)
        for record in records:
            record.title = " ".join(record.text[:300].split())[:100]

    def timeline_subjects(self) -> list[models.Model]:
        """Also on the timeline of what it is about."""
        return [self, apps.get_model(self.on_entity)(pk=self.on_id)]

    @property
    def was_edited(self) -> bool:
        return self.version > 1


class Follow(models.Model):
    """Somebody who wants to hear of a record, or, with ``on`` false, expressly not. Not an entity: a choice of one person."""

    class Cause(models.TextChoices):
        CHOSEN = "chosen", _("You follow it")
        COMMENTED = "commented", _("You commented on it")
        MENTIONED = "mentioned", _("You were mentioned on it")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows", verbose_name=_("user"))
    entity = models.CharField(_("entity"), max_length=100)
    record_id = models.BigIntegerField(_("record"))
    on = models.BooleanField(_("follows"), default=True)
    cause = models.CharField(_("cause"), max_length=10, choices=Cause, default=Cause.CHOSEN)
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        default_permissions = ()
        verbose_name = _("follower")
        verbose_name_plural = _("followers")
        constraints = [models.UniqueConstraint(fields=["entity", "record_id", "user"], name="one_follow_a_record")]

    def __str__(self) -> str:
        return f"{self.user} · {self.entity} {self.record_id}"
