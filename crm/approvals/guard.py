"""The record is locked while it is under approval, whichever door a write comes through: undo, import and rules are no exception."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access.policy import Via
from crm.approvals.models import ApprovalInstance, ApprovalStep, ApprovalTask
from crm.approvals.people import stands_for
from crm.records.actor import Actor
from crm.records.diff import diff
from crm.records.hooks import WriteBatch, before_write, on_purge, on_redact
from crm.records.models import Record
from crm.records.redaction import BLANK

RUNNING = ApprovalInstance.State.RUNNING


@before_write
def keep_locked(batch: WriteBatch) -> None:
    """Refuse what an approval does not leave open; one query for a batch of records that are there already."""
    known = [(before, after) for before, after in zip(batch.before, batch.after, strict=True) if before is not None]
    held = _holding(batch.model.entity_label(), {before.pk for before, _after in known})
    for before, after in known:
        for instance in held.get(before.pk, ()):
            _judge(instance, before, after, batch.actor)
    if isinstance(batch.model.access, Via):
        _judge_parts(batch)


def _holding(label: str, ids: set[int]) -> dict[int, list[ApprovalInstance]]:
    found: dict[int, list[ApprovalInstance]] = {}
    if ids:
        held = list(ApprovalInstance.objects.filter(entity=label, record_id__in=ids, holds=True))
        prefetch_related_objects(held, "process", "version")  # most batches hold none: nothing is joined for them
        for instance in held:
            found.setdefault(instance.record_id, []).append(instance)
    return found


def _judge(instance: ApprovalInstance, before: Record, after: Record, actor: Actor) -> None:
    if ApprovalInstance.id_of(actor.cause) == instance.pk and instance.state != RUNNING:
        return
    told = {"process": instance.process, "record": before}
    if before.deleted_at is None and after.deleted_at is not None:
        raise ValidationError(_("“%(record)s” is locked by “%(process)s” and can't be deleted.") % told, code="locked")
    changed = set(diff(before, after))
    if instance.state == RUNNING:
        if changed - editable(instance, actor.user):
            text = _("“%(record)s” is locked while “%(process)s” is under way.") % told
            raise _refusal(text, changed - editable(instance, actor.user))
    elif locked := changed & set(instance.locks):
        raise _refusal(_("Locked since “%(process)s” was approved.") % told, locked)


def _refusal(text: str, names: Iterable[str]) -> ValidationError:
    return ValidationError({name: ValidationError(text, code="locked") for name in sorted(names)})


def editable(instance: ApprovalInstance, user: Any) -> set[str]:
    """The fields that the node leaves open to who signs there now."""
    fields = set(instance.version.node(instance.node).get("edits") or ())
    if not fields or user is None:
        return set()
    waiting = ApprovalTask.objects.filter(instance=instance, kind=ApprovalTask.Kind.SIGN, state=ApprovalTask.State.OPEN)
    signers = set(waiting.values_list("user_id", flat=True))
    if user.pk in signers or (user.pk != instance.requester_id and signers & stands_for(user, timezone.now())):
        return fields
    return set()


def _judge_parts(batch: WriteBatch) -> None:
    """The parts of a record under approval are as locked as itself."""
    field = batch.model._meta.get_field(batch.model.access.parent)
    parents = {getattr(one, field.attname) for one in (*batch.before, *batch.after) if one is not None} - {None}
    label = field.related_model._meta.label_lower
    for instances in _holding(label, parents).values():
        for instance in instances:
            if instance.state == RUNNING:
                told = {"process": instance.process, "record": instance.title}
                raise ValidationError(
                    _("“%(record)s” is locked while “%(process)s” is under way.") % told, code="locked"
                )


@on_purge
def forget(model: type, ids: list[int], actor: Actor) -> None:
    """What is removed for good leaves no requests behind."""
    ApprovalInstance.objects.filter(entity=model._meta.label_lower, record_id__in=ids).delete()


@on_redact
def blank(record: Record, fields: Collection[str]) -> int:
    """What people wrote when they asked and decided may tell of anybody; that they did, and what came of it, stays."""
    about = ApprovalInstance.objects.filter(entity=record.entity_label(), record_id=record.pk)
    steps = ApprovalStep.objects.filter(instance__in=about).exclude(comment="").update(comment=BLANK)
    if set(fields) & {*getattr(type(record), "shown_by", ()), "name", "title"}:
        about.update(title=BLANK)
    return steps + about.exclude(note="").update(note=BLANK)
