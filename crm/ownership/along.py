"""What belongs to a record goes with it: into a pool, to another one, and out again to whoever gets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Q

from crm.access.policy import PooledWith
from crm.ownership.kinds import WENT_ALONG
from crm.ownership.pools import is_pooled
from crm.records import services as records
from crm.records.hooks import WriteBatch, on_written
from crm.users.models import User


def going_along(model: type) -> Iterator[tuple[Any, str]]:
    """(model, link) of the records that go with those of ``model``."""
    for other in apps.get_models():
        access = getattr(other, "access", None)
        if isinstance(access, PooledWith) and other._meta.get_field(access.whole).related_model is model:
            yield other, access.whole


@on_written
def take_along(batch: WriteBatch) -> None:
    """Give what hung on a record under the same owner, or lay in the same pool with it, to the pool or owner that has it now.

    What colleagues keep of their own stays theirs. A record that only changes its owner leaves the rest to the hand-over.
    """
    if not is_pooled(batch.model):
        return
    pairs = zip(batch.before, batch.after, strict=True)
    moved = {a.pk: (b, a) for b, a in pairs if b is not None and b.pool_id != a.pool_id}
    for model, link in going_along(batch.model) if moved else ():
        owners = {before.owner_id for before, _after in moved.values()} - {None}
        pools = {before.pool_id for before, _after in moved.values()} - {None}
        there = Q(owner__in=owners) | Q(pool__in=pools)
        rows = model._base_manager.select_for_update(of=("self",)).filter(there, deleted_at__isnull=True)
        found = []
        for row in rows.filter(**{f"{link}__in": list(moved)}).order_by("pk"):
            before, _after = moved[getattr(row, f"{link}_id")]
            if (row.owner_id, row.pool_id) == (before.owner_id, before.pool_id):
                found.append(row)
        _hand_on(found, link, moved, batch)


def _hand_on(found: list[Any], link: str, moved: dict[int, tuple[Any, Any]], batch: WriteBatch) -> None:
    people = User.objects.in_bulk({after.owner_id for _before, after in moved.values() if after.owner_id})
    for row in found:
        after = moved[getattr(row, f"{link}_id")][1]
        row.owner, row.pool_id = people.get(after.owner_id), after.pool_id
        setattr(row, link, after)  # at hand for its timeline, not looked up row by row
    whole = batch.model.entity_label()
    records.save_many(
        found,
        actor=batch.actor,
        changes=batch.changes,
        kind=WENT_ALONG,
        data=lambda row: {"with": [whole, getattr(row, f"{link}_id")]},
    )
