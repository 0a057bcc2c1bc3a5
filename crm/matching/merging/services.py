"""Merging records of one entity: one transaction, written down so exactly that it can be taken back at any time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.constraints import refusal, violations
from crm.entities.entity import Entity, registry
from crm.matching.merging.choosing import choosable
from crm.matching.merging.kinds import MERGED
from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.matching.merging.moving import move_all
from crm.matching.merging.selves import cut_circles
from crm.records.actor import Actor
from crm.records.diff import diff, set_at, value_at
from crm.records.errors import Conflict, Protected
from crm.records.hooks import WriteBatch, ask_guards, lock_ahead
from crm.records.models import Record
from crm.records.services import change_set, delete_many, log, save

MERGE = "merge"
FEWEST, MOST = 2, 10


class Overtaken(Conflict):
    """Somebody was faster; ``text`` says what they did."""

    def __init__(self, text: str) -> None:
        super().__init__(None)
        self.text = text


def mergeable(entity: Entity) -> bool:
    """Whether records of the entity can be merged: what hangs on other records without grants of its own can't."""
    return issubclass(entity.model, Record) and not policy.follows(entity.label)


@transaction.atomic
def merge(
    records: Sequence[Record],
    winner: Record,
    choices: Mapping[str, int],
    *,
    actor: Actor,
    versions: Mapping[int, int] | None = None,
) -> MergeOperation:
    """Make 2–10 records of one entity one: ``winner`` stays, the others go to the trash, all that points at them to it.

    ``choices`` says by field from which record (its id) the winner takes the value; of fields that are not named it keeps its
    own. ``versions`` are those that the person looked at. Raises ObjectDoesNotExist for what the actor may not see,
    PermissionDenied, ValidationError with the reason where something stands against it, and Overtaken or Conflict (409).
    Doing the same merge twice is doing it once.
    """
    model = type(winner)
    ids = sorted({record.pk for record in records} | {winner.pk})
    if not FEWEST <= len(ids) <= MOST or any(type(record) is not model for record in records):
        raise ValidationError(_("Choose 2 to 10 records of one kind."))
    bound = bind(registry[model._meta.label_lower], actor.user)
    found = lock(model, ids)
    losers = [pk for pk in ids if pk != winner.pk]
    if (done := _done_already(bound.label, winner.pk, losers)) is not None and _may(bound, ids):
        return done
    _check(bound, found, ids, winner.pk)
    for pk, version in (versions or {}).items():
        if pk in found and found[pk].version != version:
            raise Overtaken(_("%(name)s was changed in the meantime.") % {"name": found[pk]})
    return _merge(bound, found, winner.pk, losers, choices, actor)


def lock(model: type[Record], ids: Collection[int]) -> dict[int, Any]:
    """The records, wherever they lie, locked in the order in which everybody locks."""
    rows = model._base_manager.filter(pk__in=ids).order_by("pk")
    lock_ahead(model, list(rows))
    return {record.pk: record for record in rows.select_for_update(of=("self",))}


def _done_already(label: str, winner: int, losers: list[int]) -> MergeOperation | None:
    """The merge of exactly these records, when it was done and not taken back."""
    merged = MergedRecord.objects.filter(entity=label, record_id__in=losers, active=True).select_related("operation")
    operations = {row.operation for row in merged}
    if len(merged) != len(losers) or len(operations) != 1:
        return None
    operation = operations.pop()
    whole = operation.record_id == winner and operation.merged.count() == len(losers)
    return operation if whole else None


def _may(bound: BoundEntity, ids: Collection[int]) -> bool:
    return set(ids) == bound.reachable(ids, MERGE)


def _check(bound: BoundEntity, found: Mapping[int, Any], ids: Sequence[int], winner: int) -> None:
    """404 for what the actor does not see, 403 for what they may not do, 409 where somebody else was there before."""
    if set(ids) != bound.reachable(ids, "view"):
        raise ObjectDoesNotExist
    gone = [record for record in found.values() if record.deleted_at is not None]
    if gone and MergedRecord.objects.filter(entity=bound.label, record_id=gone[0].pk, active=True).exists():
        raise Overtaken(_("%(name)s has just been merged into another record.") % {"name": gone[0]})
    if gone:
        raise Overtaken(_("%(name)s lies in the trash.") % {"name": gone[0]})
    losers = {pk for pk in ids if pk != winner}
    allowed = _may(bound, ids) and bound.reachable([winner], "change") and losers <= bound.reachable(losers, "delete")
    if not allowed:
        raise PermissionDenied


def _merge(
    bound: BoundEntity,
    found: Mapping[int, Any],
    winner: int,
    losers: list[int],
    choices: Mapping[str, int],
    actor: Actor,
) -> MergeOperation:
    record, before = found[winner], copy(found[winner])
    taken = _taken(bound, found, winner, choices)
    changes = change_set("merge", actor=actor, entity=bound.label, title=str(record))
    actor = replace(actor, changes=changes)
    operation = MergeOperation.objects.create(
        entity=bound.label, record_id=winner, changes=changes, actor=actor.user, at=changes.at
    )
    MergedRecord.objects.bulk_create(
        MergedRecord(operation=operation, entity=bound.label, record_id=pk) for pk in losers
    )
    _may_go(type(record), [found[pk] for pk in losers], actor)
    if cut_circles(record, losers):  # before others come to stand under it
        save(record, actor=actor)
    try:
        move_all(operation, losers, actor=actor)
        delete_many([found[pk] for pk in losers], actor=actor, changes=changes)
    except Protected as error:
        raise ValidationError(_("Other records still need one of them.")) from error
    _take_over(bound, record, taken, losers, actor)
    _keep(operation, before, [found[pk] for pk in losers])
    log(record, MERGED, actor=actor, merge=operation.pk, records=losers)
    return operation


def _may_go(model: type[Record], losers: list[Any], actor: Actor) -> None:
    """Ask what may stand against their going while everything that belongs to them is still there: approvals move along."""
    gone = [copy(record) for record in losers]
    for record in gone:
        record.deleted_at = timezone.now()
    ask_guards(WriteBatch(model, losers, gone, actor, actor.changes))


def _taken(bound: BoundEntity, found: Mapping[int, Any], winner: int, choices: Mapping[str, int]) -> dict[str, Any]:
    """Field → the stored value that the winner takes over; PermissionDenied for fields that are not the actor's to write."""
    may = choosable(bound, list(found.values()))
    taken = {}
    for name, pk in choices.items():
        if pk == winner:
            continue
        if name not in may or pk not in found or pk not in may[name]:
            raise PermissionDenied
        taken[name] = value_at(found[pk], name)
    return taken


def _take_over(bound: BoundEntity, record: Any, taken: Mapping[str, Any], losers: list[int], actor: Actor) -> None:
    """Write the chosen values through the entity, with every rule that a form would meet."""
    record.refresh_from_db()
    for name, value in taken.items():
        set_at(record, name, value)
    cut_circles(record, losers)
    if problems := list(violations(record, set(taken))):
        raise problems[0]
    try:
        with transaction.atomic():
            bound.entity.save(record, actor=actor)
    except (IntegrityError, DataError) as error:
        raise refusal(type(record), error) from error
    if "owner" not in taken and taken and not policy.can_record(actor.user, record, "change"):
        raise ValidationError(_("This would put the record outside of your own reach."))


def _keep(operation: MergeOperation, before: Any, losers: Sequence[Any]) -> None:
    """Note what the winner took over, and let it have been active when any of them was last."""
    after = type(before)._base_manager.get(pk=before.pk)
    operation.values = diff(before, after)
    if "last_activity_at" in type(before).derived:
        moments = [one.last_activity_at for one in (after, *losers) if one.last_activity_at]
        if moments and max(moments) != after.last_activity_at:
            type(before)._base_manager.filter(pk=before.pk).update(last_activity_at=max(moments))
            was = after.last_activity_at
            operation.derived = {"last_activity_at": [was and was.isoformat(), max(moments).isoformat()]}
    operation.save(update_fields=["values", "derived"])


def merged_of(label: str, ids: Collection[int]) -> models.QuerySet[MergedRecord]:
    """The merges in force into which the records went."""
    return MergedRecord.objects.filter(entity=label, record_id__in=ids, active=True)
