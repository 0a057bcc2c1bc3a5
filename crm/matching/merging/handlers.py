"""How merges show elsewhere: old pages lead on, timelines tell what went in, the trash gives nothing back by halves."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from crm.entities.entity import contribute_where
from crm.entities.merged import tell_merges
from crm.matching.merging.actions import MERGE_ACTION, UNMERGE_ACTION
from crm.matching.merging.forwarding import former, present, took_over
from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.matching.merging.services import mergeable, merged_of
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_write, on_purge, on_redact
from crm.records.models import Record

tell_merges(present=present, former=former, took_over=took_over)
contribute_where(mergeable, MERGE_ACTION)
contribute_where(mergeable, UNMERGE_ACTION)


@before_write
def only_as_a_whole(batch: WriteBatch) -> None:
    """What went into another record comes back by taking the merge back, with all that belongs to it."""
    if batch.changes is not None and batch.changes.kind == "unmerge":
        return
    pairs = zip(batch.before, batch.after, strict=True)
    back = [after for before, after in pairs if before is not None and before.deleted_at and after.deleted_at is None]
    if back and merged_of(batch.model._meta.label_lower, [record.pk for record in back]).exists():
        raise ValidationError(_("It was merged into another record. Take the merge back there."), code="merged")


@on_purge
def forget(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What is removed for good can't come back from a merge any more, and nothing of it is kept with one."""
    label = model._meta.label_lower
    MergeOperation.objects.filter(entity=label, record_id__in=ids).delete()
    gone = MergedRecord.objects.filter(entity=label, record_id__in=ids)
    MergeOperation.objects.filter(merged__in=gone).update(values={}, derived={})
    gone.delete()


@on_redact
def blank(record: Record, fields: Collection[str]) -> int:
    """The values that a merge keeps for its way back are as personal as those of the record."""
    label = record.entity_label()
    about = Q(record_id=record.pk) | Q(merged__record_id=record.pk)
    touched = 0
    for operation in MergeOperation.objects.filter(about, entity=label).distinct():
        kept = {name: pair for name, pair in operation.values.items() if name not in fields}
        if kept != operation.values:
            operation.values = kept
            operation.save(update_fields=["values"])
            touched += 1
    return touched
