"""Fields that an app contributes to an entity that lives lower: scores, levels and figures, kept in a table of its own.

    contribute_fields("customers.account", "rfm", "rfm_score", {"class": "rfm_class", "score": "score"}, sortable=("score",))

makes ``rfm.class`` a field of accounts, and ``account__rfm.class`` one of whatever links to them: a column, a filter, a
condition, an order, an export, a value in the API, guarded by the rules of roles under that name. Nobody fills it in, and
history does not name it. The table has one row a record, its primary key the link to it (``crm.records.figures`` keeps that so).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import models
from django.db.models import F, Q, QuerySet, Sum

from crm.fields.field import resolvers
from crm.fields.reached import Reached

_LINKED = frozenset({"record", "user"})


@dataclass(frozen=True)
class Contribution:
    """One contributed field of the entity ``label``: ``<room>.<code>`` is the column ``column`` of its one-to-one ``accessor``.

    What is not ``shown`` is only compared, in conditions and filters.
    """

    label: str
    room: str
    code: str
    accessor: str = ""
    column: str = ""
    sortable: bool = False
    summed: bool = False
    shown: bool = True
    field: type[Contributed] | None = None

    @property
    def name(self) -> str:
        return f"{self.room}.{self.code}"


# A contribution to “*” is one to every entity, those too that admins define.
EVERY = "*"
_known: dict[str, dict[str, Contribution]] = {EVERY: {}}


@dataclass(frozen=True)
class Contributed(Reached):
    """A value in the table of an upper app. Subclasses may work it out otherwise."""

    given: Contribution

    @cached_property
    def source(self) -> models.Field:
        row: Any = self.holder._meta.get_field(self.given.accessor).related_model
        return row._meta.get_field(self.given.column)

    @property
    def steps(self) -> list[tuple[str, str]]:
        models_of = [self.model, *(hop.related_model for hop in self.hops)]
        names = [*(hop.name for hop in self.hops), self.given.name]
        return [(model._meta.label_lower, name) for model, name in zip(models_of, names, strict=True)]

    @property
    def relation(self) -> str:
        return self.stored if self.kind in _LINKED else self._through(self.given.accessor)

    def _through(self, name: str) -> str:
        return f"{self.links}__{name}" if self.links else name

    @property
    def stored(self) -> str:
        return self._through(f"{self.given.accessor}__{self.given.column}")

    def _row(self, record: models.Model) -> Any:
        holding = self.holding(record)
        try:
            return None if holding is None else getattr(holding, self.given.accessor)
        except ObjectDoesNotExist:
            return None

    def value(self, record: models.Model) -> Any:
        row = self._row(record)
        return None if row is None else getattr(row, self.source.name)

    def raw(self, record: models.Model) -> Any:
        row = self._row(record)
        return None if row is None else getattr(row, self.source.attname)

    def put(self, record: models.Model, value: Any) -> None:
        raise TypeError(f"{self.name} is worked out, nobody sets it")

    def preload(self, records: Iterable[models.Model]) -> None:
        """What showing the value of many records needs; here it comes with the rows."""

    @property
    def sortable(self) -> bool:
        """Whether lists are sorted by it."""
        return self.given.sortable and not self.links

    @property
    def summed(self) -> bool:
        """Whether lists add it up."""
        return self.given.summed

    def sort_key(self) -> Any:
        """What rows are sorted by: never null."""
        return F(self.stored)

    def sorted(self, rows: QuerySet) -> tuple[QuerySet, str]:
        """The rows bound to the table that orders them, and the name of the id in that table: one index serves both."""
        return rows.filter(**{f"{self.given.accessor}__isnull": False}), f"{self.given.accessor}__pk"

    # In SQL

    def expression(self) -> Any:
        return F(self.stored)

    def total(self) -> Any:
        return Sum(self.stored)

    def q(self, lookup: str, value: Any) -> Q:
        return Q(**{f"{self.stored}__{lookup}": value})

    def empty(self) -> Q:
        empty = Q(**{f"{self.stored}__isnull": True})
        return empty | Q(**{self.stored: ""}) if isinstance(self.source, models.CharField) else empty


def contribute_fields(
    label: str,
    room: str,
    accessor: str,
    columns: Mapping[str, str],
    *,
    sortable: Collection[str] = (),
    summed: Collection[str] = (),
) -> None:
    """Make columns of a one-to-one table fields of the entity ``label``: ``columns`` maps the code to the column's name.

    ``sortable`` ones are never null and have an index on (column, link).
    """
    for code, column in columns.items():
        put_contribution(Contribution(label, room, code, accessor, column, code in sortable, code in summed))


def put_contribution(given: Contribution) -> None:
    """Make one contributed field known; ``given.field`` is the class that works it out."""
    _known.setdefault(given.label, {})[given.name] = given
    resolvers[given.room] = _resolver(given.room)


def _resolver(room: str) -> Any:
    made: dict[Any, Contributed] = {}

    def find(model: type[models.Model], code: str, links: str = "") -> Contributed:
        key = model, code, links
        if key not in made:
            name = f"{links}__{room}.{code}" if links else f"{room}.{code}"
            label = Reached(model, name, links).holder._meta.label_lower
            given = _of(label).get(f"{room}.{code}")
            if given is None:
                raise FieldDoesNotExist(name)
            made[key] = (given.field or Contributed)(model, name, links, given)
        return made[key]

    return find


def _of(label: str) -> dict[str, Contribution]:
    return _known.get(label, {}) | _known[EVERY]


def contributed_names(label: str, links: str = "", *, compared: bool = False) -> tuple[str, ...]:
    """The names of the fields contributed to an entity: ``rfm.class``, or through links ``account__rfm.class``.

    ``compared``: those too that are for conditions alone.
    """
    prefix = f"{links}__" if links else ""
    return tuple(prefix + name for name, given in _of(label).items() if given.shown or compared)
