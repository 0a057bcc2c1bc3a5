"""Gates: what must be so before a record may change the value of one field (a stage), whichever door it comes through.

A room that has such a field says where its gates are kept (``gate_source``); the gates themselves are rows of a model of its
own that extends ``Gate``. Creating a record at a value is no transition, and putting back what was is none either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.access.models import Role
from crm.activities.models import FollowUp, Task
from crm.approvals import carrying, services
from crm.approvals.judging import holds
from crm.approvals.models import ApprovalInstance, ApprovalProcess
from crm.customfields import definitions
from crm.customfields.logic_guard import ways_out
from crm.entities import effects
from crm.entities.bound import bind
from crm.entities.condition_field import in_words
from crm.entities.entity import Action, action_gate, registry
from crm.fields.field import Field, resolve
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_write, on_written
from crm.records.models import Record
from crm.users.models import User

CAUSE = "gate"
ACTIVITIES = {**dict(Task.Kind.choices), **dict(FollowUp.Kind.choices)}


class Gate(models.Model):
    """What one transition needs. ``needs``: fields; ``activities``: ``[{"kind", "count"}]`` since it stands where it stands."""

    roles = models.ManyToManyField(
        Role,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("who may"),
        help_text=gettext_lazy("Empty: everybody who may change the record."),
    )
    needs = models.JSONField(gettext_lazy("fields that must be filled"), default=list, blank=True)
    condition = models.JSONField(gettext_lazy("condition that must hold"), default=dict, blank=True)
    activities = models.JSONField(gettext_lazy("activities that must exist"), default=list, blank=True)
    approval = models.ForeignKey(
        ApprovalProcess,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("approval that must be passed"),
    )
    effects = models.JSONField(gettext_lazy("what follows"), default=list, blank=True)
    principal = models.ForeignKey(
        "users.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("acts as"),
        help_text=gettext_lazy("What follows is done within the rights of this person."),
    )
    active = models.BooleanField(gettext_lazy("in use"), default=True)

    class Meta:
        abstract = True


@dataclass(frozen=True)
class GateSource:
    """Where the gates of an entity's field are kept.

    ``find(pairs)`` gives the gates before each (from, to); ``since(record)`` when it came where it stands; ``name(value)`` what a
    value is called; ``move(record, value, *, actor)`` changes it; ``carry(record, value)`` is the same as an effect.
    """

    label: str
    field: str
    find: Callable[[Sequence[tuple[Any, Any]]], list[list[Gate]]]
    since: Callable[[Record], datetime | None]
    name: Callable[[Any], str]
    move: Callable[..., Any]
    carry: Callable[[Record, Any], dict[str, Any]]


sources: dict[str, GateSource] = {}


def gate_source(source: GateSource) -> GateSource:
    """Make the gates of an entity count."""
    sources[source.label] = source
    return source


@dataclass(frozen=True)
class Requirement:
    """One thing a gate asks for: whether it is met, in words; ``field`` is what has to be filled in, ``url`` where to do it."""

    met: bool
    text: str
    kind: str
    field: str = ""
    url: str = ""
    note: str = ""


class GateRefused(ValidationError):
    """The move is not possible yet; ``url`` shows what is needed."""

    def __init__(self, message: Any, url: str) -> None:
        super().__init__(message)
        self.url = url


def gate_url(record: Record, to: Any) -> str:
    """Where one sees what a move needs."""
    return f"{reverse('approvals:gate', args=[record.entity_label(), record.pk])}?{urlencode({'to': to})}"


def way_out(before: Record, after: Record) -> str:
    """Where a move that rules of the record refuse is put right: as one that a gate refuses."""
    source = sources.get(before.entity_label())
    if source is None:
        return ""
    stood, to = _values(source, before, after)
    return gate_url(after, to) if stood != to else ""


ways_out.append(way_out)

# Judging


def requirements(
    source: GateSource, gates: Iterable[Gate], record: Record, to: Any, *, actor: Actor, before: Record | None = None
) -> list[Requirement]:
    """What the gates ask of the record as it stands in memory, each once; unmet ones are among them.

    ``before`` is the record as it is kept, where the one in memory is about to be written.
    """
    found: dict[tuple[str, str], Requirement] = {}
    since = source.since(before or record)
    for gate in gates:
        for one in (
            *_role(gate, actor),
            *_fields(gate, record),
            *_condition(gate, record, actor),
            *_activities(gate, record, since),
            *_approval(gate, source, record, to, actor, since),
        ):
            found.setdefault((one.kind, one.text), one)
    return list(found.values())


def _role(gate: Gate, actor: Actor) -> list[Requirement]:
    roles = list(gate.roles.all())
    if not roles or actor.user is None:
        return []
    met = actor.user.is_superuser or actor.user.roles.filter(pk__in=[role.pk for role in roles]).exists()
    names = "、".join(str(role) for role in roles)
    return [Requirement(met, _("Only for: %(roles)s") % {"roles": names}, "role")]


def _fields(gate: Gate, record: Record) -> list[Requirement]:
    found = []
    for name in gate.needs:
        field = _field(record, name)
        if field is not None:
            text = _("Fill in “%(field)s”") % {"field": field.label}
            found.append(Requirement(not _is_empty(field.raw(record)), text, "field", name))
    return found


def _field(record: Record, name: str) -> Field | None:
    """A field that is not there any more asks for nothing."""
    try:
        return resolve(type(record), name)
    except (FieldDoesNotExist, LookupError):
        return None


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def _condition(gate: Gate, record: Record, actor: Actor) -> list[Requirement]:
    if not gate.condition:
        return []
    met = holds(gate.condition, record, actor.user, unread=False)
    reader = actor.user if isinstance(actor.user, User) else None
    return [Requirement(met, _words(gate, record, reader), "condition")]


def _words(gate: Gate, record: Record, reader: User | None) -> str:
    """The condition as the reader may read it."""
    entity = registry.get(record.entity_label())
    if entity is None or reader is None:
        return _("The condition of the gate holds")
    try:
        return in_words(bind(entity, reader), gate.condition)
    except ValidationError:
        return _("A condition about fields that you may not see")


def _activities(gate: Gate, record: Record, since: datetime | None) -> list[Requirement]:
    found = []
    for wanted in gate.activities:
        kind, count = str(wanted.get("kind")), int(wanted.get("count") or 1)
        there = count_activities(record, kind, since)
        told = {"kind": ACTIVITIES.get(kind, kind), "n": count}
        text = ngettext("%(n)d × %(kind)s in this stage", "%(n)d × %(kind)s in this stage", count) % told
        found.append(Requirement(there >= count, text, "activity", note=_("%(n)d so far") % {"n": there}))
    return found


def count_activities(record: Record, kind: str, since: datetime | None) -> int:
    """How often it happened: follow-ups noted, and tasks done, of that kind about the record."""
    on = {"on_entity": record.entity_label(), "on_id": record.pk, "kind": kind, "deleted_at__isnull": True}
    noted = FollowUp._base_manager.filter(**on) if kind in FollowUp.Kind.values else FollowUp._base_manager.none()
    done = (
        Task._base_manager.filter(**on, status=Task.Status.DONE)
        if kind in Task.Kind.values
        else Task._base_manager.none()
    )
    if since is not None:
        noted, done = noted.filter(happened_at__gte=since), done.filter(done_at__gte=since)
    return noted.count() + done.count()


def _approval(
    gate: Gate, source: GateSource, record: Record, to: Any, actor: Actor, since: datetime | None
) -> list[Requirement]:
    """A process that is not meant for the record can't be asked for: it holds nothing back."""
    process = gate.approval
    if process is None or not services.applies(process, record, actor.user):
        return []
    rows = ApprovalInstance.objects.filter(entity=record.entity_label(), record_id=record.pk, process=process)
    text = _("Approved: %(process)s") % {"process": process}
    approved = rows.filter(state=ApprovalInstance.State.APPROVED)
    carried = ApprovalInstance.id_of(actor.cause)
    met = approved.filter(ended_at__gte=since).exists() if since else approved.exists()
    met = met or (carried is not None and approved.filter(pk=carried).exists())
    if met:
        return [Requirement(True, text, "approval")]
    running = rows.filter(state__in=ApprovalInstance.OPEN).first()
    if running is not None:
        url = reverse("approvals:instance", args=[running.pk])
        return [Requirement(False, text, "approval", url=url, note=_("under way"))]
    url = f"{reverse('approvals:ask', args=[source.label, record.pk, process.pk])}?{urlencode({'to': to})}"
    return [Requirement(False, text, "approval", url=url)]


# At every door


@before_write
def hold_gates(batch: WriteBatch) -> None:
    """Refuse moves that a gate does not let through; one tiny query for a batch, more only where there are gates."""
    source = sources.get(batch.model._meta.label_lower)
    if source is None or batch.undoing:
        return
    moved = _moved(source, batch)
    if not moved:
        return
    definitions.renew()
    found = source.find([_values(source, before, after) for before, after in moved])
    for (_before, after), gates in zip(moved, found, strict=True):
        if gates:
            _judge(source, gates, _before, after, batch.actor)


def _moved(source: GateSource, batch: WriteBatch) -> list[tuple[Any, Any]]:
    return [
        (before, after)
        for before, after in zip(batch.before, batch.after, strict=True)
        if before is not None and after.deleted_at is None and len(set(_values(source, before, after))) == 2
    ]


def _values(source: GateSource, before: Record, after: Record) -> tuple[Any, Any]:
    column = type(before)._meta.get_field(source.field).attname
    return getattr(before, column), getattr(after, column)


def _judge(source: GateSource, gates: list[Gate], before: Record, after: Record, actor: Actor) -> None:
    to = _values(source, before, after)[1]
    lacking = [one for one in requirements(source, gates, after, to, actor=actor, before=before) if not one.met]
    if not lacking:
        return
    target = source.name(to)
    told: dict[str, list[str]] = {}
    for one in lacking:
        text = _("Before “%(to)s”: %(need)s.") % {"to": target, "need": one.text}
        told.setdefault(one.field or source.field, []).append(text)
    raise GateRefused(told, gate_url(after, to))


@on_written
def follow(batch: WriteBatch) -> None:
    """What the gates say follows, in the same transaction, as their principal; moves that gates made set nothing off."""
    source = sources.get(batch.model._meta.label_lower)
    if source is None or batch.undoing or batch.actor.cause.startswith(f"{CAUSE}:"):
        return
    moved = _moved(source, batch)
    found = source.find([_values(source, before, after) for before, after in moved]) if moved else []
    for (_before, after), gates in zip(moved, found, strict=True):
        todo = [(gate, effect) for gate in gates for effect in gate.effects if gate.principal_id]
        for gate, effect in todo:
            _perform(gate, effect, after, batch)
        if todo:
            after.refresh_from_db()


def _perform(gate: Gate, effect: Mapping[str, Any], after: Record, batch: WriteBatch) -> None:
    actor = Actor(gate.principal, f"{CAUSE}:{gate.pk}", batch.changes)
    record = type(after)._base_manager.get(pk=after.pk)
    try:
        effects.perform(str(effect["effect"]), record, effect.get("params") or {}, actor=actor)
    except (PermissionDenied, LookupError) as error:
        raise ValidationError(_("What follows could not be done: %(error)s") % {"error": error.args[0]}) from error
    except ValidationError as error:
        said = "; ".join(error.messages)
        raise ValidationError(_("What follows could not be done: %(error)s") % {"error": said}) from error


# Approvals that stand before a verb, or before a gate


@action_gate
def hold_verbs(action: Action, record: Record, params: Mapping[str, Any], *, actor: Actor) -> None:
    """A verb that a process stands before is done only by its approval."""
    found = ApprovalProcess.objects.filter(entity=record.entity_label(), verb=action.name, active=True)
    for process in found.select_related("current"):
        if not services.applies(process, record, actor.user):
            continue
        carried = ApprovalInstance.id_of(actor.cause)
        if (
            carried
            and ApprovalInstance.objects.filter(
                pk=carried, process=process, record_id=record.pk, state=ApprovalInstance.State.APPROVED
            ).exists()
        ):
            continue
        told = {"verb": action.label, "process": process}
        text = _("“%(verb)s” needs “%(process)s” first.") % told
        raise GateRefused(text, carrying.ask_url(process, record, params))


@carrying.carry_reader
def carry_move(process: ApprovalProcess, record: Record, address: Mapping[str, str]) -> dict[str, Any] | None:
    """The move that a gate holds back for this process."""
    source, to = sources.get(record.entity_label()), address.get("to", "")
    if source is None or not (to.isascii() and to.isdigit() and len(to) < 19):
        return None
    now = _values(source, record, record)[0]
    gates = source.find([(now, int(to))])[0]
    return source.carry(record, int(to)) if any(gate.approval_id == process.pk for gate in gates) else None
