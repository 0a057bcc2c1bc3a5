"""What people did with a record and what they will do: follow-ups and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from django.apps import apps
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.activities.about import AboutField, AboutQuerySet
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
    """Something to be done, by its owner, perhaps by a moment. ``done_at`` follows from the status."""

    class Kind(models.TextChoices):
        TASK = "task", _("Task")
        CALL = "call", _("Call")
        VISIT = "visit", _("Visit")
        MEETING = "meeting", _("Meeting")
        EMAIL = "email", _("E-mail")

    class Priority(models.TextChoices):
        HIGH = "high", _("High")
        NORMAL = "normal", _("Normal")
        LOW = "low", _("Low")

    class Status(models.TextChoices):
        OPEN = "open", _("To do")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    prepared = ("done_at",)

    subject = models.CharField(_("subject"), max_length=300)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TASK)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority, default=Priority.NORMAL)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True, editable=False)
    description = models.TextField(_("description"), blank=True)

    due_key = models.GeneratedField(
        expression=Coalesce("due_at", SOME_DAY), output_field=models.DateTimeField(), db_persist=True
    )

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            *scope_indexes("task", due="due_key", created="created_at"),
            models.Index(fields=["owner", "due_key"], condition=ALIVE & models.Q(status="open"), name="task_to_do"),
            models.Index(fields=["on_entity", "on_id", "due_key"], condition=ALIVE, name="task_on"),
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

    def timeline_subjects(self) -> list[models.Model]:
        """Also on the timeline of what it is about, for those who may see the task."""
        return [self, apps.get_model(self.on_entity)(pk=self.on_id)] if self.on_id else [self]

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

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
