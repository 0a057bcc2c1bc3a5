"""Taking a merge back, at any later time: what was changed since is kept and listed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.constraints import refusal
from crm.entities.undoing import own_and_recent
from crm.matching.merging.kinds import UNMERGED
from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.matching.merging.moving import move_back
from crm.matching.merging.selves import own_links
from crm.matching.merging.services import MERGE, Overtaken, lock
from crm.records.actor import Actor
from crm.records.diff import set_at, value_at
from crm.records.models import ChangeSet
from crm.records.services import change_set, log, restore_many, save


class LaterMerge(Overtaken):
    """Another merge of the same records was done after it: ``first`` is to be taken back before."""

    def __init__(self, first: MergeOperation) -> None:
        super().__init__(_("A later merge of these records must be taken back first."))
        self.first = first


@dataclass
class Unmerged:
    """What taking a merge back did. ``fields`` of the record that stayed and ``rows`` (entity, id) were left: they have moved on."""

    operation: MergeOperation
    records: list[Any] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    rows: list[tuple[str, int]] = field(default_factory=list)
    again: bool = False

    @property
    def conflicts(self) -> int:
        return len(self.fields) + len(self.rows)


def may_unmerge(user: Any, operation: MergeOperation) -> bool:
    """Whether the user may take the merge back: their own of the last day, or where they may merge each of the records."""
    model = apps.get_model(operation.entity)
    if operation.record_id not in policy.visible_ids(user, model, [operation.record_id]):
        return False
    if own_and_recent(user, operation):
        return True
    ids = {operation.record_id, *operation.merged.values_list("record_id", flat=True)}
    return ids <= policy.visible_ids(user, model, ids, MERGE)


@transaction.atomic
def unmerge(operation: MergeOperation, *, actor: Actor) -> Unmerged:
    """Bring the merged records back with their values and with everything that was moved, unless it has moved on since.

    What came after the merge stays with the record that stayed. Merges of the same records are taken back last first.
    Raises PermissionDenied, LaterMerge (409), and ValidationError with the reason where a rule or a unique value stands
    against it. Safe to call twice: the second does nothing.
    """
    model = apps.get_model(operation.entity)
    losers = list(operation.merged.order_by("record_id").values_list("record_id", flat=True))
    found = lock(model, sorted({operation.record_id, *losers}))
    operation = MergeOperation.objects.select_for_update(of=("self",)).select_related("changes").get(pk=operation.pk)
    if not may_unmerge(actor.user, operation):
        raise PermissionDenied
    if operation.undone_at:
        return Unmerged(operation, again=True)
    if operation.record_id not in found or not any(pk in found for pk in losers):
        raise ObjectDoesNotExist
    if (later := later_merge(operation, losers)) is not None:
        raise LaterMerge(later)
    return _unmerge(operation, found, [pk for pk in losers if pk in found], actor)


def later_merge(operation: MergeOperation, losers: Collection[int]) -> MergeOperation | None:
    """The newest merge in force, done after this one, that one of its records took part in."""
    ids = {operation.record_id, *losers}
    rows = MergeOperation.objects.filter(entity=operation.entity, undone_at=None, pk__gt=operation.pk)
    touching = rows.filter(Q(record_id__in=ids) | Q(merged__record_id__in=ids, merged__active=True))
    return touching.order_by("-pk").first()


def _unmerge(operation: MergeOperation, found: Mapping[int, Any], losers: list[int], actor: Actor) -> Unmerged:
    winner = found[operation.record_id]
    changes = change_set("unmerge", actor=actor, entity=operation.entity, title=str(winner))
    actor = replace(actor, changes=changes)
    done = Unmerged(operation)
    MergedRecord.objects.filter(operation=operation).update(active=False)
    selves = {link.name for link in own_links(type(winner))} & operation.values.keys()
    done.fields = _values_back(operation, winner, operation.values.keys() - selves, actor)
    _restore(operation, [found[pk] for pk in losers], actor, changes)
    done.records = [found[pk] for pk in losers]
    done.rows = move_back(operation, losers, actor=actor, changes=changes)
    # What the record itself stood under comes last: until now others stood under it.
    done.fields += _values_back(operation, winner, selves, actor)
    _derived_back(operation)
    operation.undone_at, operation.undone_by = timezone.now(), actor.user
    operation.left = [*({"field": name} for name in done.fields), *({"model": m, "id": pk} for m, pk in done.rows)]
    operation.save(update_fields=["undone_at", "undone_by", "left"])
    for record in (winner, *done.records):
        log(record, UNMERGED, actor=actor, merge=operation.pk)
    return done


def _values_back(operation: MergeOperation, winner: Any, names: Collection[str], actor: Actor) -> list[str]:
    """Give the record that stayed those of its own values back; returns the fields that were changed since."""
    if winner.deleted_at is not None or not names:
        return sorted(names)
    winner.refresh_from_db()
    known = {f.name for f in type(winner)._meta.concrete_fields}
    left = []
    for name in names:
        old, new = operation.values[name]
        if (name in known or name.startswith("custom.")) and value_at(winner, name) == new:
            set_at(winner, name, old)
        else:
            left.append(name)
    try:
        with transaction.atomic():
            save(winner, actor=actor)
    except IntegrityError as error:
        raise refusal(type(winner), error) from error
    return sorted(left)


def _restore(operation: MergeOperation, losers: list[Any], actor: Actor, changes: ChangeSet) -> None:
    """Out of the trash, with what went there because the other record had it already."""
    lying = [record for record in losers if record.deleted_at is not None]
    try:
        with transaction.atomic():
            if lying:
                restore_many(lying, actor=actor, changes=changes)
    except IntegrityError as error:
        raise ValidationError(
            _("Something else has taken its place: %(why)s")
            % {"why": "; ".join(refusal(type(lying[0]), error).messages)}
        ) from error


def _derived_back(operation: MergeOperation) -> None:
    """Columns that are no history go back where nothing has happened since."""
    rows = apps.get_model(operation.entity)._base_manager.filter(pk=operation.record_id)
    for name, (old, new) in operation.derived.items():
        rows.filter(**{name: parse_datetime(new)}).update(**{name: old and parse_datetime(old)})


def reason(message: ValidationError) -> str:
    """All that a refusal says, in one line."""
    return " ".join(message.messages)
