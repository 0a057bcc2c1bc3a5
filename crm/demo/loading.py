"""Loading many records at once, with all that the services would have written: history, search rows, match keys.

For made-up data only. It copies rows and writes the log with INSERT … SELECT, so that a million rows take minutes; what it
leaves behind must equal what ``records.save_many`` leaves, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db import connection, models, transaction

from crm.entities.entity import registry
from crm.matching.handlers import KEY
from crm.matching.keys import is_matched, keys_of
from crm.matching.models import MatchKey
from crm.records.copying import copy_in, fresh, insert_many
from crm.records.models import Record
from crm.search.index import add_rows, search_fields

CHUNK = 5000
M = TypeVar("M", bound=models.Model)


def chunks(items: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Lists of at most ``size``."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


@transaction.atomic
def load(records: Sequence[Record], *, links: Sequence[tuple[str, str]] = ()) -> None:
    """Write new records of one model as created when their ``created_at`` says, by their owner.

    ``links`` are (entity, column) of further timelines on which the creation shows.
    """
    model = type(records[0])
    model.prepare(records)
    number(records)
    for record in records:
        record.department_id = record.owner.department_id
        record.created_by_id = record.updated_by_id = record.owner_id
    copy(records)
    _log(model, records[0].pk, records[-1].pk, links)
    entity = registry[model.entity_label()]
    if search_fields(entity):
        add_rows(entity, records)
    if is_matched(entity.label):
        keys = [(entity.label, record.pk, key.kind, key.value) for record in records for key in keys_of(record)]
        copy_in(MatchKey, KEY, keys)


@contextmanager
def without_indexes(*models: type[models.Model]) -> Iterator[None]:
    """Load into tables that have no indexes but their keys, and index what is there at once: several times faster."""
    dropped = [(model, index) for model in models for index in model._meta.indexes]
    with connection.schema_editor() as editor:
        for model, index in dropped:
            editor.remove_index(model, index)
    yield
    with connection.schema_editor() as editor:
        editor.execute("set local maintenance_work_mem = '512MB'")
        for model, index in dropped:
            editor.add_index(model, index)


def number(rows: Sequence[models.Model]) -> None:
    """Give unsaved rows their ids, in order, from the table's own sequence."""
    table, column = type(rows[0])._meta.db_table, type(rows[0])._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute("select pg_get_serial_sequence(%s, %s)", [table, column])
        sequence = cursor.fetchone()[0]
        cursor.execute("select nextval(%s)", [sequence])
        first = cursor.fetchone()[0]
        cursor.execute("select setval(%s, %s)", [sequence, first + len(rows) - 1])
    for pk, row in enumerate(rows, first):
        row.pk = pk


def copy(rows: Sequence[models.Model]) -> None:
    """COPY rows with their ids into the table of their model."""
    insert_many(type(rows[0]), rows)


class Maker(Generic[M]):
    """Makes unsaved records of a model from its defaults and the values given: several times quicker than calling the model."""

    def __init__(self, model: type[M]) -> None:
        self.model, proto = model, model()
        self.defaults = {f.attname: getattr(proto, f.attname) for f in model._meta.concrete_fields if not f.generated}
        self.lists = [name for name, value in self.defaults.items() if isinstance(value, dict | list)]

    def __call__(self, **values: Any) -> M:
        record = fresh(self.model, self.defaults)
        for name in self.lists:
            setattr(record, name, self.defaults[name].copy())
        for name, value in values.items():
            setattr(record, name, value)
        return record


def _log(model: type[Record], first: int, last: int, links: Sequence[tuple[str, str]]) -> None:
    """The "created" entries of the rows with ids ``first`` to ``last``, on their own timelines and on ``links``."""
    label, table = model.entity_label(), connection.ops.quote_name(model._meta.db_table)
    names = {f.name for f in model._meta.fields}
    title = next((name for name in ("title", "name", "subject", "number") if name in names), "''")
    shown = "".join(
        f" union all select e.at, e.id, e.kind, '{entity}', r.{column} from e join {table} r on r.id = e.record_id where r.{column} is not null"
        for entity, column in links
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""with e as (
                insert into records_entry (at, kind, entity, record_id, title, actor_id, cause, changes, data)
                select created_at, %s, %s, id, left({title}, 300), created_by_id, 'demo', '{{}}', '{{}}'
                from {table} where id between %s and %s returning id, at, kind, entity, record_id
            ) insert into records_entrylink (at, entry_id, kind, entity, record_id)
            select at, id, kind, entity, record_id from e{shown}""",
            [f"{label}.created", label, first, last],
        )
