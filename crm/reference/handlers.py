"""Documents whose numbers have no gaps get them while they are written."""

from __future__ import annotations

from crm.records.hooks import WriteBatch, before_diff
from crm.reference.numbers import next_number


@before_diff
def number_documents(batch: WriteBatch) -> bool:
    """Number new documents of models that name a ``number_sequence``; who brings a number keeps it.

    A number of a write that was rolled back belongs to nobody: the record that is written anew gets another.
    """
    code = getattr(batch.model, "number_sequence", "")
    if not code:
        return False
    new = [r for r, before in zip(batch.after, batch.before, strict=True) if before is None]
    wanting = [record for record in new if not record.number or hasattr(record, "numbered_here")]
    for record in wanting:
        record.number, record.numbered_here = next_number(code), True
    return bool(wanting)
