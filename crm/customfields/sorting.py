"""Texts are sorted as Chinese names are: by a pinyin key, kept beside the text in ``Record.custom`` and no history.

The key goes with the text in the same write (with a formula where it is worked out). Where an admin makes a field sortable that
has values already, the job that builds its index gives them their keys first; until then they are sorted by their characters.
"""

from __future__ import annotations

from django.apps import apps
from django.db import models, transaction

from crm.customfields import definitions
from crm.customfields.formulas.spreading import write
from crm.customfields.formulas.working import put, sort_keys
from crm.customfields.models import CustomField
from crm.customfields.stored import key_code
from crm.records.diff import CUSTOM, computed_codes
from crm.records.hooks import WriteBatch, computed

BATCH = 1000


def codes_of(model: type[models.Model]) -> frozenset[str]:
    """Where the keys of the model's texts lie, also of texts that lists are not sorted by any more."""
    known = definitions.current()
    key = model, "sort keys"
    if key not in known.made:
        texts = [f.code for f in known.of(model._meta.label_lower).values() if f.value_kind == "text"]
        known.made[key] = frozenset(map(key_code, texts))
    return known.made[key]


computed_codes.append(codes_of)


@computed
def follow(batch: WriteBatch) -> set[str]:
    """Give texts that people wrote their keys."""
    label = batch.model._meta.label_lower
    texts = [field for field in definitions.current().active(label) if field.pinyin and not field.made_by.computed]
    if not texts:
        return set()
    moved: set[str] = set()
    for after in batch.after:
        after.custom = dict(after.custom or {})
        for field in texts:
            moved |= put(after, sort_keys(field, after.custom.get(field.code)))
    return {CUSTOM} if moved else set()


def fill(field: CustomField) -> int:
    """Give the values that are there already their keys, or take the keys away; how many rows it touched.

    Rows are held while their keys are written, so that a key is never older than its text.
    """
    model, key, after, count = apps.get_model(field.entity), key_code(field.code), 0, 0
    has = field.code if field.pinyin and field.active else key
    while True:
        with transaction.atomic():
            rows = model._base_manager.filter(custom__has_key=has, pk__gt=after).order_by("pk")
            found = list(rows.select_for_update(of=("self",)).only("pk", "custom")[:BATCH])
            if not found:
                return count
            wanted = {row.pk: sort_keys(field, row.custom.get(field.code)) or {key: None} for row in found}
            changed = {row.pk: {key} for row in found if put(row, wanted[row.pk])}
            if changed:
                write(model, {row.pk: row.custom for row in found}, changed)
            after, count = found[-1].pk, count + len(changed)
