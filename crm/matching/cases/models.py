"""A collision that somebody wants settled: who asks, who holds, who decides, until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import EVERYTHING, NOTHING, Joined, Owned, Scope
from crm.access.snapshot import Access
from crm.fields.columns import PhoneField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record

DECIDE = "decide"


@dataclass(frozen=True)
class Settled(Joined):
    """Cases belong to who asks; the holder and the arbiter see them too, and only the one whose turn it is decides."""

    # Verbs that are not a matter of whose the case is, but of whose turn it is.
    by_turn: ClassVar[frozenset[str]] = frozenset({DECIDE})

    def scope(self, access: Access, label: str, action: str) -> Q:
        """Seeing the cases of a team gives nobody a say in them; administrators have it."""
        if action in self.by_turn:
            return EVERYTHING if access.scope(label, action) == Scope.ALL else NOTHING
        return super().scope(access, label, action)

    def joined(self, access: Access, model: type[models.Model], action: str) -> Q | None:
        """The cases in which the user has a part."""
        if action == "view":
            return Q(holder_id=access.user_id) | Q(arbiter_id=access.user_id)
        if action == DECIDE:
            return Q(state="open", holder_id=access.user_id) | Q(state="escalated", arbiter_id=access.user_id)
        return None


class CollisionCase(Record):
    """A request about a record that the asker may not see: to work along, or to have it. ``title`` is what the asker typed.

    ``on_entity`` and ``on_id`` name the record, ``holder``, ``arbiter`` and ``decided_by`` people whom the house may keep to itself:
    none is a declared field, so that no surface shows them to the asker. ``told`` is what the asker was told.
    """

    class Kind(models.TextChoices):
        JOIN = "join", _("Work along")
        DISPUTE = "dispute", _("It should be mine")

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for the holder")
        ESCALATED = "escalated", _("Waiting for the arbiter")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    RUNNING = (State.OPEN, State.ESCALATED)

    access = Settled()
    shown_by = ("title",)
    untold = ("holder", "arbiter", "decided_by", "on_entity", "on_id")

    title = models.CharField(_("what was entered"), max_length=300)
    kind = models.CharField(_("request"), max_length=10, choices=Kind, default=Kind.JOIN)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    told = models.CharField(_("what was told"), max_length=300, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, editable=False)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("holder")
    )
    arbiter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("arbiter")
    )
    due_at = models.DateTimeField(_("answer until"), null=True, editable=False)
    answer = models.CharField(_("answer"), max_length=500, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    on_entity = models.CharField(max_length=100, blank=True, editable=False)
    on_id = models.BigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("collision")
        verbose_name_plural = _("collisions")
        indexes = [
            *scope_indexes("collision", created="created_at"),
            models.Index(fields=["holder", "state"], name="collision_holder"),
            models.Index(fields=["arbiter", "state"], name="collision_arbiter"),
            models.Index(fields=["due_at"], condition=Q(state__in=["open", "escalated"]), name="collision_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "on_entity", "on_id"],
                condition=ALIVE & Q(state__in=["open", "escalated"], on_id__isnull=False),
                name="collision_is_asked_once",
                violation_error_message=_("You have asked already."),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_running(self) -> bool:
        """Whether an answer is still awaited."""
        return self.state in self.RUNNING


class Registration(Record):
    """A customer whom somebody is after and has said so first: nobody else enters it until the time is over."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Protected")
        EXPIRED = "expired", _("Expired")

    access = Owned()
    shown_by = ("title",)

    title = models.CharField(_("company"), max_length=300)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True)
    plan = models.CharField(_("plan"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE, editable=False)
    until = models.DateTimeField(_("protected until"), null=True, editable=False)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        indexes = [
            *scope_indexes("claimed_first", created="created_at"),
            models.Index(fields=["until"], condition=Q(state="active"), name="claimed_first_until"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title=""), name="registration_has_a_name", violation_error_message=_("Enter a name.")
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_active(self) -> bool:
        """Whether it keeps others out."""
        return self.state == self.State.ACTIVE and (self.until is None or self.until > timezone.now())
