"""Working formulas out upon many records at once: linked records are read a query a link, whatever the number of records."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.utils import timezone

from crm.customfields.formulas.graph import Computed
from crm.customfields.formulas.paths import Path, leads, read, target_of
from crm.customfields.kinds import places
from crm.customfields.models import CustomField
from crm.customfields.stored import key_code, key_of
from crm.customfields.values import CustomValue
from crm.fields.field import LIMIT, Field
from crm.lib.expressions.errors import Failed
from crm.lib.expressions.values import rounded
from crm.lib.worktime import WorkTime
from crm.records.models import Record
from crm.reference.calendars import worktime_of

LONGEST = 500
Prefix = tuple[str, ...]


class Surroundings:
    """What is the same for every record of a batch: the moment, the calendar, the linked records."""

    def __init__(self, paths: Iterable[Path], now: datetime.datetime | None = None) -> None:
        self.paths = list(paths)
        self.now = now or timezone.now()
        self.zone = timezone.get_default_timezone()
        self.rows: dict[Prefix, dict[int, Any]] = {}

    @cached_property
    def calendar(self) -> WorkTime:
        """The company's working time."""
        return worktime_of()

    def load(self, records: Sequence[Any], *, keep: bool = False) -> None:
        """Read the records that the paths lead to. ``keep``: nobody may change them before this transaction ends."""
        for prefix in leads(self.paths):
            names = tuple(field.name for field in prefix)
            before = records if len(prefix) == 1 else list(self.rows.get(names[:-1], {}).values())
            ids = {pk for row in before if (pk := prefix[-1].raw(row)) is not None}
            model = target_of(prefix[-1])
            known = self.rows.setdefault(names, {})
            ids -= known.keys()
            if not ids:
                continue
            if keep and issubclass(model, Record):
                hold(model, ids)
            known |= model._base_manager.only(*self._columns(names)).in_bulk(ids)

    def _columns(self, names: Prefix) -> set[str]:
        """The columns of a linked record that are read."""
        chains = [(*path.hops, path.field) for path in self.paths]
        wanted = [
            c[len(names)] for c in chains if len(c) > len(names) and tuple(f.name for f in c[: len(names)]) == names
        ]
        return {"pk", *(field.stored for field in wanted)}

    def held(self, record: Any, hops: Sequence[Field]) -> Any:
        """The record that the links lead to from ``record``; None where one of them is empty."""
        names: Prefix = ()
        for hop in hops:
            pk = hop.raw(record)
            names = (*names, hop.name)
            record = self.rows.get(names, {}).get(pk) if pk is not None else None
            if record is None:
                return None
        return record


def hold(model: type[models.Model], ids: Iterable[int]) -> None:
    """Let nobody change the rows until the transaction ends, as a foreign key does: others may hold them too."""
    table, pk = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(model._meta.pk.column)
    with connection.cursor() as cursor:
        cursor.execute(f"select 1 from {table} where {pk} = any(%s) order by {pk} for key share", [sorted(ids)])


class RecordEnv:
    """One record as an expression sees it, and as it was before the change."""

    __slots__ = ("before", "is_new", "now", "record", "surroundings", "zone")

    def __init__(self, surroundings: Surroundings, record: Any, before: Any = None, *, is_new: bool = False) -> None:
        self.surroundings, self.record, self.before, self.is_new = surroundings, record, before, is_new
        self.now: datetime.datetime = surroundings.now
        self.zone: datetime.tzinfo = surroundings.zone

    def value(self, key: Path) -> Any:
        if not key.hops:
            return read(key.field, self.record)
        held = self.surroundings.held(self.record, key.hops)
        return None if held is None else read(key.field, held)

    def old(self, key: Path) -> Any:
        return None if self.before is None else read(key.field, self.before)

    def workdays(self, start: datetime.date, end: datetime.date) -> int:
        return workdays(self.surroundings.calendar, start, end)


def workdays(calendar: WorkTime, start: datetime.date, end: datetime.date) -> int:
    """The working days after ``start`` up to ``end``; negative the other way round."""
    if end < start:
        return -workdays(calendar, end, start)
    usual = [bool(spans) for spans in calendar.week]
    weeks, rest = divmod((end - start).days, 7)
    count = weeks * sum(usual) + sum(usual[(start.weekday() + 1 + step) % 7] for step in range(rest))
    for day, spans in calendar.exceptions.items():
        if start < day <= end:
            count += bool(spans) - usual[day.weekday()]
    return count


def stored(field: CustomValue, value: Any) -> Any:
    """A value as it is kept in JSON; None where there is none, or none that the field can hold."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Decimal | int):
        try:
            value = rounded(Decimal(value), places(field.definition))
        except Failed:
            return None
        return None if abs(value) >= LIMIT else field.dumped(value)
    if isinstance(value, str):
        return value[:LONGEST].replace("\x00", "") or None
    return field.dumped(value)


def put(record: Any, values: Mapping[str, Any]) -> set[str]:
    """Set stored values on a record, which has a ``custom`` of its own; the codes of those that changed."""
    changed = set()
    for code, value in values.items():
        if record.custom.get(code) != value:
            changed.add(code)
            if value is None:
                record.custom.pop(code, None)
            else:
                record.custom[code] = value
    return changed


def sort_keys(definition: CustomField, value: Any) -> dict[str, Any]:
    """What a stored value is sorted by, under its own code; nothing where lists are sorted by the value itself."""
    return {key_code(definition.code): key_of(value)} if definition.pinyin else {}


def work_out(formulas: Sequence[Computed], env: RecordEnv) -> set[str]:
    """Set the formulas on the record of ``env``, each after those it is made of; the codes of those that changed."""
    changed = set()
    for formula in formulas:
        assert formula.compiled is not None
        value = stored(formula.field, formula.compiled.run(env))
        changed |= put(env.record, {formula.code: value, **sort_keys(formula.field.definition, value)})
    return changed
