"""Rules with their versions, and every run of a rule on a record. Not entities: admins keep them in Django admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.records.models import ChangeSet


class RulesVersion(models.Model):
    """One row, raised by trigger with each change that decides what rules do: processes keep the rules under it."""

    version = models.BigIntegerField(default=1)

    class Meta:
        default_permissions = ()


class Rule(models.Model):
    """When something happens to records of one entity, do something. What it says stands in its versions."""

    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    active = models.BooleanField(_("active"), default=False)
    active_since = models.DateTimeField(_("active since"), null=True, editable=False)
    position = models.PositiveIntegerField(
        _("order"), default=10, help_text=_("Rules for the same event run in this order, the lowest first.")
    )
    principal = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("acts as"),
        help_text=_("The rule sees and does only what this person may see and do at that moment."),
    )
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("Between these hours nothing leaves the house: messages and calls wait."),
    )
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)
    current = models.ForeignKey(
        "RuleVersion", models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("version")
    )
    next_at = models.DateTimeField(_("next time"), null=True, editable=False)
    alarm = models.TextField(_("alarm"), blank=True, editable=False)
    alarm_at = models.DateTimeField(_("alarm since"), null=True, editable=False)

    class Meta:
        verbose_name = _("automation rule")
        verbose_name_plural = _("automation rules")
        ordering = ["entity", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="rule_quiet_hours_have_two_ends",
                violation_error_message=_("Enter both ends of the quiet hours, or neither."),
            ),
            models.CheckConstraint(
                condition=models.Q(active=False) | models.Q(current__isnull=False),
                name="active_rule_says_something",
                violation_error_message=_("Say first what the rule does."),
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=models.Q(active=True), name="rule_next")]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """What a rule says: never changed, only followed by the next one. A running instance keeps its own.

    ``trigger``: see ``crm.workflows.triggers``; ``condition``: a stored Condition; ``steps``: see ``crm.workflows.steps``.
    """

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    trigger = models.JSONField(_("when"), default=dict)
    condition = models.JSONField(_("if"), default=dict, blank=True)
    steps = models.JSONField(_("then"), default=list)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="rule_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.rule} · {self.number}"


class Webhook(models.Model):
    """An address that rules may call. What goes there is signed with a key made from ours and ``turn``: none is stored."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.URLField(_("address"), max_length=500, help_text=_("https, outside of our own network."))
    active = models.BooleanField(_("active"), default=True)
    turn = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RuleRun(models.Model):
    """One rule that looked at one record: why, what it found, what it did, and what it still waits for.

    ``occurrence`` names what set it off ("entry:7", "date:2026-12-01"): once for each rule and record. ``lines`` is the trace,
    ``place`` the path of the next step. ``parent`` is the run whose change set it off, ``depth`` how many stand before it.
    """

    class State(models.TextChoices):
        DUE = "due", _("To be done")
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Did not apply")
        REFUSED = "refused", _("Not allowed")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")

    OPEN = (State.DUE, State.WAITING)

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(Rule, models.CASCADE, related_name="runs", verbose_name=_("rule"))
    version = models.ForeignKey(RuleVersion, models.CASCADE, related_name="+", verbose_name=_("version"))
    entity = models.CharField(_("entity"), max_length=100)
    record_id = models.BigIntegerField(_("record"))
    title = models.CharField(_("name"), max_length=300)
    occurrence = models.CharField(max_length=100)
    entry_id = models.BigIntegerField(null=True)
    entry_at = models.DateTimeField(null=True)
    parent_id = models.BigIntegerField(null=True)
    depth = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DUE)
    next_at = models.DateTimeField(_("next step"), null=True)
    place = models.JSONField(default=list)
    waited = models.BooleanField(default=False)
    lines = models.JSONField(default=list)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    made_at = models.DateTimeField(_("when"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    changes = models.ForeignKey(ChangeSet, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("run of a rule")
        verbose_name_plural = _("runs of rules")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "record_id", "occurrence"], name="rule_fires_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["due", "waiting"], next_at__isnull=False)
                | ~models.Q(state__in=["due", "waiting"]),
                name="open_run_has_a_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"], condition=models.Q(state__in=["due", "waiting"]), name="rule_run_next"
            ),
            models.Index(
                fields=["entity", "record_id", "id"], condition=models.Q(state="due"), name="rule_run_due_on_record"
            ),
            models.Index(fields=["entity", "record_id", "-id"], name="rule_run_on_record"),
            models.Index(fields=["rule", "-id"], name="rule_run_of_rule"),
            models.Index(fields=["made_at"], name="rule_run_made"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} → {self.title}"

    @property
    def cause(self) -> str:
        """What the entries of this run name as their cause."""
        return f"rule:{self.pk}"

    @staticmethod
    def id_of(cause: str) -> int | None:
        """The run that a cause names; None when it names something else."""
        word, _colon, number = cause.partition(":")
        return int(number) if word == "rule" and number.isdigit() else None

    def note(self, line: dict[str, Any]) -> None:
        """Add to the trace."""
        self.lines = [*self.lines, line]
