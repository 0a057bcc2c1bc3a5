"""Approval processes with their versions, and everything that becomes of one request. Not entities: parts of the record they are about."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.records.models import ChangeSet

PERSON = settings.AUTH_USER_MODEL


class ApprovalProcess(models.Model):
    """Who must agree before something counts. What it says stands in its versions."""

    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    active = models.BooleanField(_("active"), default=False)
    position = models.PositiveIntegerField(_("order"), default=10)
    by_hand = models.BooleanField(_("can be asked for on the record"), default=True)
    verb = models.CharField(
        _("needed for"),
        max_length=50,
        blank=True,
        help_text=_("The command is done only once this is approved."),
    )
    principal = models.ForeignKey(
        PERSON,
        models.PROTECT,
        related_name="+",
        verbose_name=_("acts as"),
        help_text=_("What follows is done within the rights of this person."),
    )
    by_mail = models.BooleanField(
        _("may be decided from the e-mail"),
        default=True,
        help_text=_("The link in the mail works for its receiver alone, without signing in, until it is decided."),
    )
    current = models.ForeignKey(
        "ProcessVersion", models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("version")
    )

    class Meta:
        verbose_name = _("approval process")
        verbose_name_plural = _("approval processes")
        ordering = ["entity", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(active=False) | models.Q(current__isnull=False),
                name="active_process_says_something",
                violation_error_message=_("Say first who approves."),
            ),
            models.UniqueConstraint(
                fields=["entity", "name"],
                name="process_name_is_unique",
                violation_error_message=_("There is a process of that name already."),
            ),
        ]
        indexes = [models.Index(fields=["entity", "verb"], condition=models.Q(active=True), name="process_of_verb")]

    def __str__(self) -> str:
        return self.name


class ProcessVersion(models.Model):
    """What a process says: never changed, only followed by the next one. A request keeps the one it began with.

    ``nodes``: see ``crm.approvals.nodes``. ``approved`` and ``rejected`` are effects, ``locks`` the fields that stay locked
    afterwards. ``once``: who approved already is not asked again.
    """

    process = models.ForeignKey(ApprovalProcess, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    condition = models.JSONField(_("if"), default=dict, blank=True)
    nodes = models.JSONField(_("route"), default=list)
    approved = models.JSONField(_("when approved"), default=list, blank=True)
    rejected = models.JSONField(_("when rejected"), default=list, blank=True)
    locks = models.JSONField(_("locked afterwards"), default=list, blank=True)
    once = models.BooleanField(_("nobody is asked twice"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    made_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("made by"))

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("version of a process")
        verbose_name_plural = _("versions of processes")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["process", "number"], name="process_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.process} · {self.number}"

    def node(self, key: str) -> dict[str, Any]:
        """The node of that key; empty when there is none."""
        return next((node for node in self.nodes if node["key"] == key), {})


class ApprovalInstance(models.Model):
    """One request about one record. ``holds`` while it locks the record: wholly when it runs, ``locks`` once approved.

    ``carry`` is the effect that was asked for and is done when it is approved, as the requester.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Under approval")
        RETURNED = "returned", _("Sent back")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", pgettext_lazy("approval", "Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    OPEN = (State.RUNNING, State.RETURNED)

    process = models.ForeignKey(
        ApprovalProcess, models.PROTECT, related_name="instances", verbose_name=_("approval process")
    )
    version = models.ForeignKey(ProcessVersion, models.PROTECT, related_name="+", verbose_name=_("version"))
    entity = models.CharField(_("entity"), max_length=100)
    record_id = models.BigIntegerField(_("record"))
    title = models.CharField(_("name"), max_length=300)
    requester = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    note = models.TextField(_("reason"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    node = models.CharField(max_length=20, blank=True)
    carry = models.JSONField(default=dict, blank=True)
    holds = models.BooleanField(default=True)
    locks = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    made_at = models.DateTimeField(_("asked"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    unlocked_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    changes = models.ForeignKey(ChangeSet, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "record_id"],
                condition=models.Q(state__in=["running", "returned"]),
                name="one_approval_at_a_time",
                violation_error_message=_("It is under approval already."),
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["running", "returned"], ended_at__isnull=True)
                | (~models.Q(state__in=["running", "returned"]) & models.Q(ended_at__isnull=False)),
                name="ended_approval_has_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["entity", "record_id"], condition=models.Q(holds=True), name="approval_holds"),
            models.Index(fields=["entity", "record_id", "-id"], name="approval_of_record"),
            models.Index(fields=["requester", "-id"], name="approval_of_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.process} · {self.title}"

    @property
    def cause(self) -> str:
        """What the entries of its effects name as their cause."""
        return f"approval:{self.pk}"

    @staticmethod
    def id_of(cause: str) -> int | None:
        """The request that a cause names; None when it names something else."""
        word, _colon, number = cause.partition(":")
        return int(number) if word == "approval" and number.isascii() and number.isdigit() else None


class ApprovalTask(models.Model):
    """What one person is asked. The tasks of a node form lines, each signed by position: see ``crm.approvals.lines``."""

    class Kind(models.TextChoices):
        SIGN = "sign", _("Approve")
        COPY = "copy", _("Take note")

    class State(models.TextChoices):
        WAITING = "waiting", _("Not their turn yet")
        OPEN = "open", _("To be decided")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", pgettext_lazy("approval", "Rejected")
        RETURNED = "returned", _("Sent back")
        PASSED = "passed", _("Passed by itself")
        TRANSFERRED = "transferred", _("Handed on")
        CANCELLED = "cancelled", _("Not needed")
        UNDONE = "undone", _("Taken back")

    PENDING = (State.WAITING, State.OPEN)
    AGREED = (State.APPROVED, State.PASSED)

    instance = models.ForeignKey(ApprovalInstance, models.CASCADE, related_name="tasks")
    node = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SIGN)
    line = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    user = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    why = models.CharField(
        max_length=20, blank=True
    )  # "added", "transferred", "escalated", "once", "fallback", "admin"
    added_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "user", "kind"],
                condition=models.Q(state__in=["waiting", "open"]),
                name="a_person_is_asked_once_at_a_time",
            )
        ]
        indexes = [
            models.Index(fields=["user", "-id"], condition=models.Q(state="open"), name="approval_inbox"),
            models.Index(fields=["user", "-id"], name="approval_task_of"),
            models.Index(
                fields=["remind_at"], condition=models.Q(state="open", kind="sign"), name="approval_task_remind"
            ),
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="open", kind="sign", escalated_at__isnull=True),
                name="approval_task_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id} · {self.user}"


class ApprovalStep(models.Model):
    """One thing that happened to a request; append-only by trigger. ``behalf``: for whom a deputy acted."""

    instance = models.ForeignKey(ApprovalInstance, models.CASCADE, related_name="steps")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    behalf = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    did = models.CharField(max_length=20)
    node = models.CharField(max_length=20, blank=True)
    comment = models.TextField(blank=True)
    files = ArrayField(models.BigIntegerField(), default=list, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.did} {self.actor}"
