"""No lead is qualified or converted before what must be known is known, whichever door it comes through."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.matching.merging import kinds as merging
from crm.matching.merging.models import MergedRecord
from crm.records.hooks import WriteBatch, before_write, on, on_redact
from crm.records.models import Entry
from sales.models import Lead
from sales.qualifying.models import Answer, Question
from sales.qualifying.services import add_up, missing


@before_write
def ask_first(batch: WriteBatch) -> None:
    """New leads come as they are, and what is put back was there before."""
    if batch.model is not Lead or batch.undoing:
        return
    for to in (Lead.Status.QUALIFIED, Lead.Status.CONVERTED):
        pairs = zip(batch.before, batch.after, strict=True)
        moved = [new.pk for old, new in pairs if old and old.status != to and new.status == to]
        for questions in missing(moved, to).values() if moved else ():
            names = "；".join(question.name for question in questions)
            raise ValidationError(_("Answer first: %(questions)s") % {"questions": names}, code="qualification")


@on_redact
def forget_words(record: Any, fields: Collection[str]) -> int:
    """What was written down about an erased person goes; choices stay, they say nothing of who it was."""
    if not isinstance(record, Lead):
        return 0
    gone, _by = Answer.objects.filter(lead=record, question__kind=Question.Kind.TEXT).delete()
    if gone:
        add_up([record.pk])
    return gone


@on(merging.MERGED, merging.UNMERGED, name="qualifying.merged")
def reckon_merged(entry: Entry) -> None:
    """Answers went along with a merge, or back: the scores of all of its leads are worked out anew."""
    if entry.entity == Lead.entity_label():
        rows = MergedRecord.objects.filter(entity=entry.entity, operation__record_id=entry.record_id)
        add_up([entry.record_id, *rows.values_list("record_id", flat=True).distinct()])
