"""Long work on custom fields: building indexes, taking a field away with its values."""

from __future__ import annotations

from typing import Any, NoReturn

from django.apps import apps
from django.db import DatabaseError, IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields import definitions, indexes, sorting
from crm.customfields.formulas.spreading import write
from crm.customfields.models import CustomField
from crm.jobs.kinds import job_kind
from crm.jobs.running import JobError, Running
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.services import change_set, save_many

BATCH = 1000
State = CustomField.Index


@job_kind("customfields.index", gettext_lazy("Index of a custom field"), icon="database", resumable=lambda job: True)
def build_indexes(running: Running) -> dict[str, Any]:
    """Bring the indexes of some fields, or of one, in line with their definitions."""
    definitions.look_again()
    asked = running.params.get("fields") or [running.params["field"]]
    return {"indexes": [name for pk in asked for name in _build(pk, running)]}


def _build(pk: int, running: Running) -> list[str]:
    field = CustomField.objects.filter(pk=pk).first()
    if field is None:
        indexes.drop_all(pk)
        return []
    if field.unique and (same := indexes.duplicates(field)):
        _fail(field, twice(same))
    needed = indexes.wanted(field)
    _set(field, State.BUILDING if needed else State.NONE)
    if field.value_kind == "text":
        sorting.fill(field)
    try:
        indexes.build(field, told=lambda name: running.report(0))
    except IntegrityError:
        _fail(field, twice(indexes.duplicates(field)))
    except DatabaseError as error:
        _fail(field, str(error))
    _set(field, State.READY if needed else State.NONE)
    return [one.name for one in needed]


def twice(same: list[tuple[str, int]]) -> str:
    """Which values stand in several records."""
    listed = "; ".join(f"{text} × {times}" for text, times in same[: indexes.SHOWN])
    more = " …" if len(same) > indexes.SHOWN else ""
    return _("These values are there more than once: %(values)s") % {"values": listed + more}


def _set(field: CustomField, state: str, error: str = "") -> None:
    CustomField.objects.filter(pk=field.pk).update(index_state=state, index_error=error)


def _fail(field: CustomField, error: str) -> NoReturn:
    _set(field, State.FAILED, error)
    raise JobError(error)


@job_kind("customfields.purge", gettext_lazy("Deletion of a custom field"), icon="trash", resumable=lambda job: True)
def purge(running: Running) -> dict[str, Any]:
    """Take the values of a field from all records, as one change set, then the field itself."""
    field = CustomField.objects.get(pk=running.params["field"])
    model = apps.get_model(field.entity)
    if field.made_by.computed:
        return _purge_computed(running, field, model)
    if "changes" not in running.checkpoint:
        with running.batch() as step:
            changes = change_set("field_deleted", actor=running.actor, entity=field.entity, title=running.job.title)
            step.checkpoint = {"changes": changes.pk, "after": 0}
    changes = ChangeSet.objects.get(pk=running.checkpoint["changes"])
    while True:
        after = running.checkpoint["after"]
        rows = model._base_manager.filter(custom__has_key=field.code, pk__gt=after, deleted_at__isnull=True)
        batch = list(rows.order_by("pk")[:BATCH])
        if not batch:
            break
        with running.batch() as step:
            _without(batch, field.code, changes, running.actor)
            step.updated = len(batch)
            step.checkpoint = {**running.checkpoint, "after": batch[-1].pk}
    _empty_trash(model, field.code)
    indexes.drop_all(field.pk)
    field.delete()
    definitions.look_again()
    return {"changes": changes.pk}


def strip_values(field: CustomField, *, actor: Actor) -> int:
    """Take the values of a field from all records within the caller's transaction, as one change set; how many had one."""
    CustomField.objects.filter(pk=field.pk).update(active=False, purging=True)
    definitions.look_again()
    model, count, changes = apps.get_model(field.entity), 0, None
    rows = model._base_manager.filter(custom__has_key=field.code, deleted_at__isnull=True)
    while batch := list(rows.order_by("pk")[:BATCH]):
        if changes is None:
            title = _("Delete the field %(name)s") % {"name": field.label}
            changes = change_set("field_deleted", actor=actor, entity=field.entity, title=title)
        _without(batch, field.code, changes, actor)
        count += len(batch)
    _empty_trash(model, field.code)
    return count


def _without(batch: list[Any], code: str, changes: ChangeSet, actor: Actor) -> None:
    for record in batch:
        record.custom = {name: kept for name, kept in record.custom.items() if name != code}
    save_many(batch, actor=actor, changes=changes)


def _purge_computed(running: Running, field: CustomField, model: Any) -> dict[str, Any]:
    """What was worked out goes without history, as it came."""
    while ids := list(
        model._base_manager.filter(custom__has_key=field.code).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        with running.batch() as step:
            write(model, {pk: {} for pk in ids}, {pk: {field.code} for pk in ids})
            step.updated = len(ids)
    indexes.drop_all(field.pk)
    field.delete()
    definitions.look_again()
    return {}


def _empty_trash(model: Any, code: str) -> None:
    """What lies in the trash loses the value without history: nobody can change a record there."""
    for record in model._base_manager.filter(custom__has_key=code).iterator(chunk_size=BATCH):
        rest = {name: kept for name, kept in record.custom.items() if name != code}
        model._base_manager.filter(pk=record.pk).update(custom=rest)
