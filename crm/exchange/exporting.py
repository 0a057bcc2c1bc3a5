"""Exactly what a list shows, as rows of a file: its conditions, columns and order, within the person's rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, BoundField
from crm.entities.listviews import list_query
from crm.entities.paging import ordered
from crm.entities.query import ListQuery
from crm.entities.sight import UNSEEN, SeenField
from crm.exchange.consents import columns
from crm.exchange.consents import written as cells
from crm.fields.field import Field

CHUNK = 2000
KEEP_LABELS = 20_000
RAW = {"money", "number", "percent", "integer", "date", "datetime"}


class Export:
    """One list to be written out. ``params`` are those of the list's address; ``consents``: with columns about them.

    ``codes``: for other programs, with ids, the names of fields and the stored values of choices, the same in every language.
    """

    def __init__(self, bound: BoundEntity, params: QueryDict, *, consents: bool = False, codes: bool = False) -> None:
        self.bound, self.codes = bound, codes
        self.query: ListQuery = list_query(bound, params)[0]
        self.columns: list[BoundField] = self.query.columns
        self.consents = columns(bound.label) if consents and not codes else []

    @property
    def problems(self) -> list[str]:
        """What of the address was not understood: then nothing is exported."""
        return [problem.message for problem in self.query.problems]

    def records(self) -> QuerySet:
        """The rows that the person both sees and may export, in the order of the list."""
        seen = self.query.matching()
        mine = seen & self.bound.records("export") if not self.query.problems else seen
        return ordered(mine, self.query.sort_column, descending=self.query.descending)

    def count(self, most: int) -> int:
        """How many rows there are, at most ``most``."""
        return self.records().order_by()[:most].count()

    def rows(self) -> Iterator[list[Any]]:
        """The headings, then one list of values a record. Memory does not grow with the rows."""
        if self.codes:
            yield from self._coded()
            return
        yield [column.label for column in (*self.columns, *self.consents)]
        if self.consents:
            yield from self._with_consents()
        elif all(_plain(column) for column in self.columns):
            yield from self._fast()
        else:
            for chunk in self._chunks():
                for record in chunk:
                    yield [written(column, record) for column in self.columns]

    def _coded(self) -> Iterator[list[Any]]:
        yield ["id", *(column.name for column in self.columns)]
        for chunk in self._chunks():
            for record in chunk:
                yield [record.pk, *(coded(column, record) for column in self.columns)]

    def _chunks(self) -> Iterator[list[Any]]:
        """The records, so many at once, with what their columns need from elsewhere looked up for all of them."""
        found = self.query.related(self.records()).iterator(chunk_size=CHUNK)
        while chunk := list(islice(found, CHUNK)):
            self.bound.preload(self.columns, chunk)
            yield chunk

    def _with_consents(self) -> Iterator[list[Any]]:
        for chunk in self._chunks():
            told = cells(self.bound.label, [record.pk for record in chunk], self.consents)
            for record, more in zip(chunk, told, strict=True):
                yield [*(written(column, record) for column in self.columns), *more]

    def _fast(self) -> Iterator[list[Any]]:
        """Values straight from the database; names of links are looked up once each."""
        cells = [Cell(column) for column in self.columns]
        names = list(dict.fromkeys(column.stored for column in self.columns))  # custom ones lie together
        places = [names.index(column.stored) for column in self.columns]
        found = self.records().values_list(*names).iterator(chunk_size=CHUNK)
        while chunk := list(islice(found, CHUNK)):
            columns = [cell.values([row[at] for row in chunk]) for cell, at in zip(cells, places, strict=True)]
            for row in zip(*columns, strict=True):
                yield [cell.show(value) for cell, value in zip(cells, row, strict=True)]

    def summary(self) -> dict[str, Any]:
        """What the audit log keeps beside the count."""
        names = [column.name for column in (*self.columns, *self.consents)]
        return {"query": self.query.params.urlencode()[:2000], "columns": names} | (
            {"codes": True} if self.codes else {}
        )


def _plain(column: BoundField) -> bool:
    """Whether the values can be taken from the database as they are, the names of links looked up beside them."""
    if column.closures:
        return False
    if isinstance(column.field, SeenField):
        return column.field.of_link and len(column.path) == 1
    return not column.built_in or (type(column.field) is Field and column.source.concrete)


class Cell:
    """How the values of one column are written: raw where a spreadsheet reckons with them, masked where they must be."""

    def __init__(self, column: BoundField) -> None:
        self.column = column
        self.model = column.source.related_model if column.source.is_relation else None
        self.labels: dict[Any, str] = {}
        self.show: Callable[[Any], Any] = self._shower()

    def values(self, fetched: list[Any]) -> list[Any]:
        """The values in what was fetched for a chunk of rows, the names of links among them known."""
        if self.column.built_in:
            found = fetched
        else:
            unpack = self.column.unpack
            found = [unpack(one) for one in fetched]
        if self.model is not None:
            self.learn(set(found))
        return found

    def learn(self, values: set[Any]) -> None:
        """Look up the names of links that are new."""
        if len(self.labels) > KEEP_LABELS:
            self.labels.clear()
        unknown = values - self.labels.keys() - {None}
        if unknown and isinstance(self.column.field, SeenField):
            self.column.learn(unknown)
            hidden = {pk for pk in unknown if not self.column.sight.sees(self.model, pk)}
            self.labels |= dict.fromkeys(hidden, str(UNSEEN))
            unknown -= hidden
        elif unknown and hasattr(self.column.field, "learn"):
            self.column.learn(unknown)
            self.labels |= {pk: self.column.mask(str(self.column.known[pk])) for pk in unknown}
            return
        if unknown:
            self.labels |= {
                pk: self.column.mask(str(record)) for pk, record in self.model._base_manager.in_bulk(unknown).items()
            }

    def _shower(self) -> Callable[[Any], Any]:
        column = self.column
        if self.model is not None:
            return lambda value: self.labels.get(value, "")
        if column.masked:
            return lambda value: column.mask(column.field.show(value))
        if column.kind == "boolean":
            words = {True: _("Yes"), False: _("No"), None: ""}
            return words.__getitem__
        if column.kind == "choice":
            labels = {value: str(label) for value, label in column.source.flatchoices}
            return lambda value: labels.get(value, value)
        if column.kind in RAW:
            return lambda value: value
        if column.kind in {"multichoice", "richtext"} or hasattr(column.source, "told"):
            return column.field.show
        return lambda value: "" if value is None else str(value)


def written(column: BoundField, record: Model) -> Any:
    """One value of a record: raw where a spreadsheet reckons with it, else as people read it."""
    return column.value(record) if column.kind in RAW else column.text(record)


def coded(column: BoundField, record: Model) -> Any:
    """One value of a record as other programs read it: choices and yes or no as they are stored, what is masked masked."""
    if column.masked or column.kind not in {"choice", "boolean"}:
        return written(column, record)
    value = column.raw(record)
    return "" if value is None else str(value).lower() if column.kind == "boolean" else value


def file_stem(bound: BoundEntity) -> str:
    """A name for the file: what it holds and of which day."""
    return f"{bound.plural} {timezone.localdate().isoformat()}"
