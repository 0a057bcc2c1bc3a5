"""Match keys follow their records in the transaction that writes them."""

from __future__ import annotations

from django.db.models import Model, Q

from crm.matching.cases import registering  # noqa: F401 - registrations register themselves there
from crm.matching.claims import keep_claims
from crm.matching.keys import Key, is_matched, keys_of, same_keys
from crm.matching.merging import handlers  # noqa: F401 - merges register themselves there
from crm.matching.models import DuplicateCandidate, MatchKey, UniqueKey
from crm.records.actor import Actor
from crm.records.copying import FEW, copy_in
from crm.records.hooks import WriteBatch, on_purge, on_write

BATCH = 5000
KEY = ("entity", "record_id", "kind", "value")


@on_write
def keep_keys(batch: WriteBatch) -> None:
    """Write the keys that a batch brought and drop those it lost; records in the trash have none."""
    label = batch.model._meta.label_lower
    if not is_matched(label):
        return
    added: list[MatchKey] = []
    fresh: list[tuple] = []
    lost: dict[Key, list[int]] = {}
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is not None and before.deleted_at == after.deleted_at and same_keys(before, after):
            continue
        old = keys_of(before) if before is not None and before.deleted_at is None else frozenset()
        new = keys_of(after) if after.deleted_at is None else frozenset()
        if before is None:
            fresh += [(label, after.pk, key.kind, key.value) for key in new]
            continue
        added += [MatchKey(entity=label, record_id=after.pk, kind=key.kind, value=key.value) for key in new - old]
        for key in old - new:
            lost.setdefault(key, []).append(after.pk)
    if lost:
        _drop(label, lost)
    if len(fresh) < FEW:
        added += [MatchKey(**dict(zip(KEY, row, strict=True))) for row in fresh]
    else:
        copy_in(MatchKey, KEY, fresh)
    MatchKey.objects.bulk_create(added, batch_size=BATCH, ignore_conflicts=True)
    keep_claims(batch)


@on_purge
def drop_keys(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What is removed for good leaves no keys."""
    label = model._meta.label_lower
    MatchKey.objects.filter(entity=label, record_id__in=ids).delete()
    UniqueKey.objects.filter(entity=label, record_id__in=ids).delete()
    DuplicateCandidate.objects.filter(Q(first_id__in=ids) | Q(second_id__in=ids), entity=label).delete()


def _drop(label: str, lost: dict[Key, list[int]]) -> None:
    gone = {pk for pks in lost.values() for pk in pks}
    rows = MatchKey.objects.filter(entity=label, record_id__in=gone)
    stale = [row.pk for row in rows if row.record_id in lost.get(Key(row.kind, row.value), ())]
    MatchKey.objects.filter(pk__in=stale).delete()
