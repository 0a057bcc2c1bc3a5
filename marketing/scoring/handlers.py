"""Whatever is written is scored anew in the same transaction, a batch in one statement."""

from __future__ import annotations

from crm.records.hooks import WriteBatch, on_written
from marketing.scoring.services import TABLES, rules_of, score


@on_written
def score_written(batch: WriteBatch) -> None:
    """Nothing to do while there are no rules."""
    label = batch.model._meta.label_lower
    if label in TABLES and rules_of(label):
        score(label, [record.pk for record in batch.after])
