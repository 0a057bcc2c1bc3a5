"""Long work that people start, watch, stop and come back to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# How kinds of work name their counts, where the usual names would say something else: kind → {count: name}.
COUNT_WORDS: dict[str, Mapping[str, Any]] = {}


def private_path(file: JobFile, name: str) -> str:
    """Where a result lies in private storage: no name that a person chose becomes a path."""
    return f"jobs/{file.job_id}/{secrets.token_hex(16)}"


class Job(models.Model):
    """One piece of long work. Not an entity: it belongs to the person who started it, and only they see it.

    ``attempt`` fences: each start raises it, and a batch commits only while it is still the attempt it belongs to.
    ``checkpoint`` is where the next attempt goes on; it commits together with the effects of each batch.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    kind = models.CharField(_("kind"), max_length=50)
    title = models.CharField(_("title"), max_length=300)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="jobs", verbose_name=_("started by")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    params = models.JSONField(default=dict)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(_("error"), blank=True)
    total = models.BigIntegerField(_("total"), null=True)
    done = models.BigIntegerField(_("done"), default=0)
    created = models.BigIntegerField(_("created"), default=0)
    updated = models.BigIntegerField(_("updated"), default=0)
    skipped = models.BigIntegerField(_("skipped"), default=0)
    failed = models.BigIntegerField(_("failed"), default=0)
    attempt = models.PositiveIntegerField(default=0)
    stalls = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    seen = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="job_of_user"),
            models.Index(
                fields=["heartbeat_at"], condition=models.Q(state__in=["queued", "running"]), name="job_active"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def active(self) -> bool:
        """Whether something is still to come."""
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def percent(self) -> int | None:
        """How far it is, 0–100; None while the total is unknown."""
        return None if not self.total else min(100, self.done * 100 // self.total)

    @property
    def seconds(self) -> float:
        """How long it has been running, or ran."""
        return ((self.ended_at or timezone.now()) - self.started_at).total_seconds() if self.started_at else 0.0

    @property
    def rate(self) -> int:
        """Rows a second since the start."""
        return int(self.done / self.seconds) if self.seconds > 0.5 else 0

    @property
    def time_left(self) -> timedelta | None:
        """A guess from the rate so far; None when there is nothing to guess from."""
        if not self.total or not self.rate or self.state != self.State.RUNNING:
            return None
        return timedelta(seconds=max(0, self.total - self.done) / self.rate)

    @property
    def counts(self) -> list[tuple[str, int, str]]:
        """(label, number, tone) of the outcomes that occurred."""
        found = [
            ("created", pgettext_lazy("rows", "created"), self.created, "is-good"),
            ("updated", _("updated"), self.updated, ""),
            ("skipped", _("skipped"), self.skipped, ""),
            ("failed", _("rejected"), self.failed, "is-late"),
        ]
        own = COUNT_WORDS.get(self.kind, {})
        return [(str(own.get(name, label)), number, tone) for name, label, number, tone in found if number]

    def stale(self, now: datetime) -> bool:
        """Whether its worker has been silent for suspiciously long."""
        return self.heartbeat_at is None or self.heartbeat_at < now - STALE_AFTER


STALE_AFTER = timedelta(seconds=60)


class JobFile(models.Model):
    """A result to download. Only the job's user gets it."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="files")
    name = models.CharField(_("file name"), max_length=200)
    label = models.CharField(_("label"), max_length=200, blank=True)
    content_type = models.CharField(max_length=100)
    file = models.FileField(upload_to=private_path, max_length=200)
    size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
