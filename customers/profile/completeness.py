"""How complete the data of accounts and people is: a weight a field, added up where the field holds something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models

from crm.customfields import definitions
from crm.entities.bound import BoundEntity, BoundField
from crm.entities.entity import registry
from crm.fields.field import Field
from crm.records.hooks import WriteBatch, on_write
from customers.models import Account, Contact
from customers.profile.profiles import CompletenessWeight

TABLES = {
    Account: ("customers_accountprofile", "account_id"),
    Contact: ("customers_contactprofile", "contact_id"),
}
# What only organisations have.
OF_COMPANIES = frozenset({"industry", "size", "employees", "annual_revenue", "tax_id", "website", "founded", "parent"})
BATCH = 2000


def weights() -> Mapping[str, list[tuple[Field, int]]]:
    """(field, weight) of each entity, kept under the version of what admins define."""
    return definitions.kept("customers.completeness", lambda: dict(_read()))


def _read() -> Iterator[tuple[str, list[tuple[Field, int]]]]:
    rows = list(CompletenessWeight.objects.filter(weight__gt=0))
    for label in CompletenessWeight.Of.values:
        yield (
            label,
            [(field, row.weight) for row in rows if row.entity == label and (field := _field(label, row.field))],
        )


def _field(label: str, name: str) -> Field | None:
    try:
        return registry[label].field(name)
    except (FieldDoesNotExist, LookupError):
        return None


def _counted(record: Any) -> Iterator[tuple[Field, int]]:
    person = getattr(record, "is_person", False)
    for field, weight in weights().get(record.entity_label(), ()):
        if not (person and field.name in OF_COMPANIES):
            yield field, weight


def completeness(record: Any) -> int:
    """How much of what is wanted is there, in percent; 100 where nothing is wanted."""
    total = held = 0
    for field, weight in _counted(record):
        total += weight
        held += weight if field.filled(record) else 0
    return 100 * held // total if total else 100


@dataclass(frozen=True)
class Gap:
    """A field that is empty, and by how many percent the record is more complete with it."""

    field: BoundField
    share: int


def gaps(bound: BoundEntity, record: Any) -> list[Gap]:
    """What is missing, the weightiest first, as far as the user may know it."""
    counted = list(_counted(record))
    total = sum(weight for _field, weight in counted)
    empty = {field.name: weight for field, weight in counted if not field.filled(record)}
    found = [Gap(field, round(100 * empty[field.name] / total)) for field in _known(bound, record, empty)]
    return sorted(found, key=lambda gap: -gap.share)


def _known(bound: BoundEntity, record: Any, names: Iterable[str]) -> list[BoundField]:
    return [field for field in bound.visible(names) if not field.masked and not field.closed(record)]


@on_write
def keep(batch: WriteBatch) -> None:
    """The figure follows the record, in the same transaction."""
    if batch.model in TABLES:
        store(batch.model, batch.after)


def store(model: type[models.Model], records: Iterable[Any]) -> int:
    """Write the completeness of records; how many it changed."""
    found = [(record.pk, completeness(record)) for record in records]
    if not found:
        return 0
    table, link = TABLES[model]
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} p set completeness = v.n from unnest(%s::bigint[], %s::smallint[]) v(pk, n)"
            f" where p.{link} = v.pk and p.completeness is distinct from v.n",
            [[pk for pk, _n in found], [n for _pk, n in found]],
        )
        return int(cursor.rowcount)


def store_all(model: type[models.Model], after: int = 0) -> Iterator[tuple[int, int]]:
    """Work out all records anew, batch by batch; yields (last id, changed) after each."""
    while batch := list(model._base_manager.filter(pk__gt=after).order_by("pk")[:BATCH]):
        after = batch[-1].pk
        yield after, store(model, batch)
