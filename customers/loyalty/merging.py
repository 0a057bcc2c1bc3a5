"""Points follow a merge: what was booked stays where it was booked, what is left goes over in two entries, and comes back."""

from __future__ import annotations

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.matching.merging.kinds import MERGED, UNMERGED
from crm.matching.merging.links import stays
from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.records.actor import Actor
from crm.records.hooks import on
from crm.records.models import Entry
from customers.loyalty.ledger import MEMBERSHIPS, Kind, Move, good_until, move
from customers.loyalty.models import PointsEntry

BOOKED = gettext_lazy("The ledger is append-only: what is left goes over in entries of its own.")
stays("loyalty.pointsentry", "record_id", BOOKED)
stays("loyalty.pointslot", "record_id", BOOKED)


def _merge_of(entry: Entry) -> MergeOperation | None:
    if entry.entity not in MEMBERSHIPS:
        return None
    return MergeOperation.objects.filter(pk=entry.data.get("merge") or 0).first()


@on(MERGED, name="loyalty.merged")
def follow(entry: Entry) -> None:
    """Each merged member's points go to the one that stays."""
    operation = _merge_of(entry)
    if operation is None or operation.undone_at:
        return
    for merged in MergedRecord.objects.filter(operation=operation).order_by("record_id"):
        _carry(operation, merged.record_id, operation.record_id, "")


@on(UNMERGED, name="loyalty.unmerged")
def follow_back(entry: Entry) -> None:
    """What a member brought along goes back, as far as it is still there."""
    operation = _merge_of(entry)
    if operation is None:
        return
    for merged in MergedRecord.objects.filter(operation=operation).order_by("record_id"):
        brought = PointsEntry.objects.filter(key=f"merge:{operation.pk}:{merged.record_id}:in").first()
        if brought is not None:
            _carry(operation, operation.record_id, merged.record_id, ":back", most=brought.points)


@transaction.atomic
def _carry(operation: MergeOperation, source: int, target: int, mark: str, most: int | None = None) -> None:
    """Both rows are held in the order of their ids, as every merge holds them."""
    model, memberships = apps.get_model(operation.entity), MEMBERSHIPS[operation.entity]
    held = {
        row.pk: row for row in memberships.objects.select_for_update().filter(pk__in=[source, target]).order_by("pk")
    }
    points = held[source].balance if most is None else min(most, held[source].balance)
    if not points:
        return
    key = f"merge:{operation.pk}:{source if most is None else target}"
    actor, reason = Actor(operation.actor, f"merge:{operation.pk}"), str(_("Merged records"))
    records = model._base_manager.in_bulk([source, target])
    until = good_until(operation.at.date())
    earned = held[source].earned if most is None else 0
    move(records[source], Move(Kind.ADJUST, -points, reason, f"{key}:out{mark}"), actor=actor)
    move(records[target], Move(Kind.ADJUST, points, reason, f"{key}:in{mark}", None, until, earned), actor=actor)
