"""Removing records for good: out of the trash, with what belongs to them, and without their values in the log."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.apps import apps
from django.db import connection, models, transaction

from crm.access.models import RecordShare
from crm.records.actor import Actor
from crm.records.errors import Numbered, Protected
from crm.records.hooks import tell_purgers
from crm.records.log import log_many
from crm.records.models import ChangeSet, Delivery, Entry, Outgoing, Record
from crm.records.redaction import erase
from crm.records.services import delete_many, save_many

SHOWN = 20


@transaction.atomic
def purge(records: Sequence[Record], *, actor: Actor) -> int:
    """Remove records of one model that lie in the trash, and their parts with them; returns how many records went.

    The log keeps that it was done, by whom and when; names and values are blanked in it. Raises Protected while living
    records or those of another trash need them, and Numbered for documents whose numbers must have no gap.
    """
    model = type(records[0])
    rows = model._base_manager.select_for_update().filter(pk__in=[r.pk for r in records], deleted_at__isnull=False)
    found = list(rows.order_by("pk"))
    if not found:
        return 0
    if numbered := [record for record in found if any(getattr(record, name) for name in record.gap_free)]:
        raise Numbered(numbered[:SHOWN])
    ids = [record.pk for record in found]
    count = _purge_parts(model, ids, actor) + purge_attached(model, ids, actor) + len(found)
    log_many(found, f"{model.entity_label()}.purged", actor=actor)
    _forget(model, ids)
    _delete(model, ids, actor)
    return count


def _purge_parts(model: type[Record], ids: Collection[int], actor: Actor) -> int:
    """Purge what went to the trash with its whole, and let others point at nothing; what still needs the records holds them back."""
    count = 0
    for relation in model._meta.related_objects:
        child, name = relation.related_model, relation.field.name
        if not issubclass(child, Record) or relation.many_to_many:
            continue
        pointing = child._base_manager.filter(**{f"{name}__in": ids})
        pointing = pointing.exclude(pk__in=ids) if child is model else pointing
        if relation.on_delete is models.SET_NULL:
            _let_go(list(pointing.filter(deleted_at__isnull=True)), name, actor)
            continue
        holding = pointing if relation.on_delete is models.PROTECT else pointing.filter(deleted_at__isnull=True)
        if blockers := list(holding[:SHOWN]):
            raise Protected(blockers)
        if parts := list(pointing):
            count += purge(parts, actor=actor)
    return count


def purge_attached(model: type[Record], ids: Collection[int], actor: Actor) -> int:
    """Purge what tells of the records without a foreign key: tasks, follow-ups, files."""
    count = 0
    for kind in apps.get_models():
        if not issubclass(kind, Record) or not {"on_entity", "on_id"} <= {f.name for f in kind._meta.concrete_fields}:
            continue
        rows = kind._base_manager.filter(on_entity=model.entity_label(), on_id__in=ids)
        if alive := list(rows.filter(deleted_at__isnull=True)):
            delete_many(alive, actor=actor)
        if found := list(rows):
            count += purge(found, actor=actor)
    return count


def _let_go(records: list[Record], name: str, actor: Actor) -> None:
    for record in records:
        setattr(record, name, None)
    save_many(records, actor=actor)


def _forget(model: type[Record], ids: list[int]) -> None:
    """Blank what the log says about the records, and drop what was kept for them: shares, and effects not yet told."""
    label = model.entity_label()
    about = Entry.objects.filter(entity=label, record_id__in=ids)
    titles = set(about.values_list("title", flat=True))
    sets = about.exclude(change_set=None).values("change_set_id")
    ChangeSet.objects.filter(pk__in=sets, title__in=titles).update(title="")
    erase(label, ids)
    RecordShare.objects.filter(entity=label, record_id__in=ids).delete()
    Delivery.objects.filter(entity=label, record_id__in=ids).delete()
    leaving = Outgoing.objects.filter(entity=label, record_id__in=ids)
    leaving.filter(state=Outgoing.State.QUEUED).update(state=Outgoing.State.CANCELLED)
    leaving.update(payload={}, result={})


def _delete(model: type[Record], ids: list[int], actor: Actor) -> None:
    """The rows themselves and what other rooms keep beside them; append-only rows of theirs let go only inside of a purge."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.purge', 'on', true)")
        tell_purgers(model, ids, actor)
        model._base_manager.filter(pk__in=ids).delete()
        cursor.execute("select set_config('crm.purge', 'off', true)")
