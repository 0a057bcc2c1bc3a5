"""What every record has, and the log of everything that happens to records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Owned
from crm.access.querysets import RestrictedQuerySet


class Record(models.Model):
    """Anything a user owns, finds, opens, edits, deletes to the trash and restores.

    Written only by ``crm.records.services``. ``derived`` names columns computed from other rows: they bump no version and
    write no entry. ``prepared`` names columns that ``prepare`` computes from this row: written with it, but no history.
    ``untold`` names columns whose values say nothing to people: kept in history for undo, not shown there.
    ``gap_free`` names columns with numbers that must have no gaps: who has one is voided, never removed for good.
    ``number_sequence`` is the code of the sequence that numbers new records in their column ``number``.
    ``says_same`` names, by field, the fields from which its value could be told: a rule on it closes them as well.
    ``version`` grows with each change and guards against lost updates. ``custom`` holds what admins define, by code: see
    ``crm.customfields``.
    """

    access = Owned()
    derived: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    says_same: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    gap_free: tuple[str, ...] = ()
    number_sequence = ""

    # Whoever asks by owner or department asks in an order: ``scope_indexes``. Users are never deleted, departments hardly ever.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("owner")
    )
    department = models.ForeignKey(
        "users.Department",
        models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("owner's department"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_index=False,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("created by"),
    )
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_index=False,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("changed by"),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    extras = models.JSONField(_("imported extras"), default=dict, blank=True, editable=False)
    custom = models.JSONField(_("custom values"), default=dict, blank=True, editable=False)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def entity_label(cls) -> str:
        return cls._meta.label_lower

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        """Set the ``prepared`` columns of a batch, before it is compared and written: sort keys, normalised names."""

    def timeline_subjects(self) -> list[models.Model]:
        """Records on whose timelines this one's entries appear, itself first."""
        return [self]


class ChangeSet(models.Model):
    """The entries of one import, mass edit, transfer or merge: what can be undone together. Not an entity: a part of the log.

    ``undoes`` is known while a set is undone: the set that this one puts back.
    """

    undoes: ChangeSet | None = None
    kind = models.CharField(max_length=50)
    title = models.CharField(max_length=300, blank=True)
    entity = models.CharField(max_length=100, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.title or self.kind


class Entry(models.Model):
    """One thing that happened. Append-only, partitioned by month: database key ``(id, at)``, Django's key ``id``.

    ``entity`` and ``record_id`` name its subject: who may see the subject may see the entry. ``changes`` maps a field to
    ``[old, new]``; ``data`` holds what else the kind needs to be told.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=100)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    title = models.CharField(max_length=300)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    cause = models.CharField(max_length=100, blank=True)
    change_set = models.ForeignKey(
        ChangeSet, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="entries"
    )
    changes = models.JSONField(default=dict)
    data = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.title}"


class EntryLink(models.Model):
    """An entry on the timeline of one record. Partitioned like the entries; ``kind`` and ``at`` repeat theirs."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    entry_id = models.BigIntegerField()
    kind = models.CharField(max_length=100)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()


class Delivery(models.Model):
    """The outbox: one entry still to be told to one subscriber. Rows exist only for subscribers that want the kind."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        FAILED = "failed", _("Set aside")

    id = models.BigAutoField(primary_key=True)
    entry_id = models.BigIntegerField()
    entry_at = models.DateTimeField()
    entity = models.CharField(_("entity"), max_length=100)
    record_id = models.BigIntegerField(_("record"))
    subscriber = models.CharField(_("told to"), max_length=100)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["entry_id", "subscriber"], name="delivery_is_unique")]
        indexes = [models.Index(fields=["next_at", "id"], condition=models.Q(state="pending"), name="delivery_pending")]

    def __str__(self) -> str:
        return f"{self.subscriber} ← {self.entry_id}"


class Outgoing(models.Model):
    """One effect outside our database: a mail, an HTTP call, a text message. See ``crm.records.outgoing``.

    ``key`` goes out with it (Message-ID, Idempotency-Key) and never changes; ``attempts`` fences a slow sender off.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        DONE = "done", _("Sent")
        UNKNOWN = "unknown", _("Unknown: send again?")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Given up")

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=50)
    key = models.CharField(_("key"), max_length=200)
    payload = models.JSONField(default=dict)
    entity = models.CharField(_("entity"), max_length=100, blank=True)
    record_id = models.BigIntegerField(_("record"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    claimed_at = models.DateTimeField(_("attempt began"), null=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    error = models.TextField(_("error"), blank=True)
    result = models.JSONField(default=dict)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )
    cause = models.CharField(_("cause"), max_length=100, blank=True)

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("outgoing effect")
        verbose_name_plural = _("outgoing effects")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="outgoing_key_is_unique")]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=models.Q(state="queued"), name="outgoing_queued"),
            models.Index(fields=["claimed_at"], condition=models.Q(state="claimed"), name="outgoing_claimed"),
            models.Index(fields=["entity", "record_id"], name="outgoing_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class AuditEvent(models.Model):
    """Somebody looked: viewed, exported, signed in, unmasked. A log of its own, whose old months may be dropped."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    action = models.CharField(_("action"), max_length=50)
    entity = models.CharField(_("entity"), max_length=100, blank=True)
    record_ids = ArrayField(models.BigIntegerField(), default=list)
    data = models.JSONField(default=dict)
    address = models.GenericIPAddressField(_("address"), null=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.entity}"
