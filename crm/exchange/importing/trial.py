"""What only the database and the rules that guard every write can judge: both are asked, and nothing stays."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.db.models import CheckConstraint, UniqueConstraint

from crm.entities.constraints import fields_of, refusal
from crm.exchange.importing.limits import checks_of
from crm.exchange.importing.rows import CREATE, UPDATE, Row
from crm.exchange.importing.targets import POOL, Target
from crm.records.actor import Actor
from crm.records.copying import insert_many
from crm.records.hooks import WriteBatch, ask_guards, ask_settlers
from crm.records.models import Record


def left_to_the_database(model: type[models.Model], *, fresh: bool) -> bool:
    """Whether rules of the table can't be judged without it: CHECKs that compare columns, unique expressions.

    New records have no id yet, so that rules about it can't concern them.
    """
    told = {constraint.name for _check, constraint in checks_of(model)}
    names = {model._meta.pk.name, "pk"}
    for constraint in model._meta.constraints:
        if isinstance(constraint, CheckConstraint) and constraint.name not in told:
            if not (fresh and fields_of(constraint) & names):
                return True
        elif isinstance(constraint, UniqueConstraint) and constraint.expressions:
            return True
    return False


def try_out(rows: Sequence[Row], target: Target) -> None:
    """Reject the rows that a guard or the table would refuse. Nothing stays: no record, no entry, no lock."""
    if not issubclass(target.model, Record):
        return
    coming = [row for row in rows if row.verdict in {CREATE, UPDATE} and _complete(row, target.model)]
    updated = [row.record.pk for row in coming if row.verdict == UPDATE]
    _ask(coming, target, target.model._base_manager.in_bulk(updated))
    verdicts = {verdict for verdict in (CREATE, UPDATE) if left_to_the_database(target.model, fresh=verdict == CREATE)}
    complete = [row for row in rows if row.verdict in verdicts and _complete(row, target.model)]
    if not complete:
        return
    with transaction.atomic():
        _write(complete, target)
        transaction.set_rollback(True)


def _ask(rows: Sequence[Row], target: Target, stored: dict[int, Record]) -> None:
    """Ask the guards; halves, down to the row that is refused."""
    if not rows:
        return
    after = [copy(row.record) for row in rows]
    before = [stored.get(row.record.pk) if row.verdict == UPDATE else None for row in rows]
    batch = WriteBatch(target.model, before, after, Actor(target.user, "import:preview"))
    ask_settlers(batch)
    try:
        ask_guards(batch)
    except ValidationError as error:
        if len(rows) == 1:
            rows[0].reject(" ".join(target.why(error)))
            return
        middle = len(rows) // 2
        _ask(rows[:middle], target, stored)
        _ask(rows[middle:], target, stored)


def _complete(row: Row, model: type[models.Model]) -> bool:
    """Whether the record has all that its columns require: what is still to be made for it is not there yet."""
    needed = (f for f in model._meta.concrete_fields if not f.null and f.is_relation)
    return all(f.name not in row.wanted or getattr(row.record, f.attname) is not None for f in needed)


def _write(rows: Sequence[Row], target: Target) -> None:
    """Write rows one after the other's example; halves, down to the row that is refused."""
    try:
        with transaction.atomic():
            _insert([row for row in rows if row.verdict == CREATE], target)
            _update([row for row in rows if row.verdict == UPDATE], target.model)
    except (IntegrityError, DataError) as error:
        if len(rows) == 1:
            rows[0].reject(" ".join(refusal(target.model, error).messages))
            return
        middle = len(rows) // 2
        _write(rows[:middle], target)
        _write(rows[middle:], target)


def _insert(rows: Sequence[Row], target: Target) -> None:
    records = [copy(row.record) for row in rows]
    if not records:
        return
    target.model.prepare(records)
    for record in records:
        record.created_by_id = record.updated_by_id = target.user.pk
    insert_many(target.model, records)


def _update(rows: Sequence[Row], model: type[Record]) -> None:
    records = list({row.record.pk: copy(row.record) for row in rows if row.record.pk is not None}.values())
    if not records:
        return
    model.prepare(records)
    columns = {f.name for f in model._meta.concrete_fields}
    touched = {name for row in rows for name in row.values if name in columns} | set(model.prepared)
    if POOL in columns and touched & {"owner", POOL}:  # one goes with the other, as when it is written
        touched |= {"owner", POOL}
        for record in records:
            record.pool_id = None if record.owner_id else record.pool_id
    if touched:
        model._base_manager.bulk_update(records, sorted(touched), batch_size=500)
