"""What is there already: records by key, unique values, look-alikes. One query a question, not a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext as _

from crm.customfields.unique import holders, unique_fields
from crm.customfields.values import CustomValue
from crm.exchange.importing.plan import Plan
from crm.exchange.importing.rows import CREATE, Row
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import
from crm.fields.field import resolve
from crm.lib.lookups import any_of
from crm.matching.claims import refusals
from crm.matching.keys import WEAK, is_matched, keys_of
from crm.matching.services import matching_ids, notes_on


def key_of(row: Row, keys: Sequence[str]) -> tuple | None:
    """The values of the chosen keys; None when one of them is empty."""
    values = tuple(row.values.get(key) for key in keys)
    return values if keys and all(value not in (None, "") for value in values) else None


def find_existing(rows: Sequence[Row], plan: Plan, *, lock: bool) -> dict[tuple, list[models.Model]]:
    """The living records that carry the rows' keys, by key; locked where they are about to be changed."""
    keys = {key for row in rows if (key := key_of(row, plan.keys))}
    found: dict[tuple, list[models.Model]] = defaultdict(list)
    if not keys:
        return found
    records = plan.target.existing()
    if lock and plan.mode in {Import.Mode.UPDATE, Import.Mode.UPSERT}:
        records = records.select_for_update(of=("self",))
    for position, name in enumerate(plan.keys):
        records = records.filter(lookup(plan.target.model, name, {key[position] for key in keys}))
    for record in records.order_by("pk"):
        key = tuple(_held(record, name) for name in plan.keys)
        if key in keys:
            found[key].append(record)
    return found


def _held(record: models.Model, name: str) -> Any:
    """The value of a key on a record, comparable with that of a row."""
    return resolve(type(record), name).value(record) if "." in name else getattr(record, name)


def lookup(model: type[models.Model], name: str, values: Iterable[Any]) -> Q:
    """The condition for a set of values, by the sort key that the field is indexed by where it has one."""
    values = list(values)
    if f"{name}_key" not in getattr(model, "prepared", ()):
        field = resolve(model, name)
        plain = field.built_in and isinstance(field.source, models.CharField)
        # That no key is empty is said too: of a long list the planner can't tell, and would not use an index without empty ones.
        return any_of(name, values) & ~Q(**{name: ""}) if plain else field.q("in", values)
    samples = [model(**{name: value}) for value in values]
    model.prepare(samples)
    keys = {getattr(sample, f"{name}_key") for sample in samples}
    return any_of(f"{name}_key", keys) & any_of(name, values)


def mark_taken(rows: Sequence[Row], target: Target) -> None:
    """Reject rows whose unique values are taken, in the database or by an earlier row of the batch."""
    for names, text in unique_keys(target.model):
        if not any(name in row.values for row in rows for name in names):
            continue
        wanted: dict[tuple, Row] = {}
        for row in rows:
            key = tuple(getattr(row.record, name) for name in names)
            if any(value in (None, "") for value in key):
                continue
            first = wanted.setdefault(key, row)
            if first is not row and first.record is not row.record:
                row.reject(text)
        taken = target.existing().filter(**{f"{names[0]}__in": {key[0] for key in wanted}})
        for pk, *values in taken.values_list("pk", *names):
            row = wanted.get(tuple(values))
            if row is not None and row.record.pk != pk and row.alive:
                row.reject(text)
    for field in unique_fields(target.model) if hasattr(target.model, "custom") else ():
        _mark_custom(rows, field)


def _mark_custom(rows: Sequence[Row], field: CustomValue) -> None:
    """Reject rows whose value of a unique custom field is taken."""
    text, wanted = _("Another record has this already."), {}
    for row in rows if any(field.name in row.values for row in rows) else ():
        value = field.raw(row.record)
        if value is None:
            continue
        first = wanted.setdefault(value, row)
        if first is not row and first.record is not row.record:
            row.reject(text)
    for record in holders(field, wanted) if wanted else ():
        row = wanted.get(field.raw(record))
        if row is not None and row.record.pk != record.pk and row.alive:
            row.reject(text)


def unique_keys(model: type[models.Model]) -> list[tuple[tuple[str, ...], str]]:
    """(columns, message) of every unique key made of plain columns; the others are left to the database."""
    taken = _("Another record has this already.")
    found = [((f.attname,), taken) for f in model._meta.concrete_fields if f.unique and not f.primary_key]
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.fields:
            columns = tuple(model._meta.get_field(name).attname for name in constraint.fields)
            if "id" not in columns:
                found.append((columns, str(constraint.get_violation_error_message())))
    return found


def mark_notes(rows: Sequence[Row], plan: Plan) -> None:
    """Note what looks wrong in what is there to be read, as forms say it; it is taken all the same."""
    if is_matched(plan.target.label):
        for row in rows:
            row.notes += [found.note for found in notes_on(row.record)]


def mark_twins(rows: Sequence[Row], plan: Plan) -> None:
    """Note, skip or reject new rows that look like something there already or like an earlier row of the batch."""
    if not rows or not is_matched(plan.target.label):
        return
    for row, refused in zip(rows, refusals([row.record for row in rows], plan.target.user), strict=True):
        if refused:
            row.skip(refused) if plan.duplicates == Import.Duplicates.SKIP else row.reject(refused)
    rows = [row for row in rows if row.verdict == CREATE]
    keys_of_rows = [{key for key in keys_of(row.record) if key.kind not in WEAK} for row in rows]
    others = matching_ids([row.record for row in rows], model=plan.target.model, keys=keys_of_rows)
    earlier: set = set()
    for row, ids, keys in zip(rows, others, keys_of_rows, strict=True):
        if not ids and not keys & earlier:
            earlier |= keys
            continue
        reason = _("It looks like a record that is there already.") if ids else _("It looks like an earlier row.")
        match plan.duplicates:
            case Import.Duplicates.REJECT:
                row.reject(reason)
            case Import.Duplicates.SKIP:
                row.skip(reason)
            case _:
                row.notes.append(reason)
        if row.verdict == CREATE:
            earlier |= keys
