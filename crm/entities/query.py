"""What a list shows: rows within rights, conditions, search, order and columns, all read from the address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.access.policy import Pooled
from crm.entities.arranged import list_columns
from crm.entities.bound import BoundEntity, BoundField
from crm.entities.chips import Chip, chips_of
from crm.entities.filters import Filters
from crm.entities.paging import SIZE, KeysetPage, ordered, paginate
from crm.fields.conditions import ConditionError, Group
from crm.fields.field import Field

RESERVED = frozenset({"q", "where", "sort", "cols", "view", "after", "before", "tab", "pipeline", "partial", "edited"})
PLACE = frozenset({"after", "before", "partial"})
MAX_WHERE = 20_000

# Set by the search room above: (user, entity label, text) → a subquery of ids. Without it a list looks into its columns.
_searcher: list[Callable[[Any, str, str], QuerySet]] = []


def set_searcher(fn: Callable[[Any, str, str], QuerySet]) -> None:
    """Let ``fn(user, label, text)`` find the ids of records that contain a text."""
    _searcher[:] = [fn]


@dataclass(frozen=True)
class Problem:
    """A part of the address that could not be understood: its parameter and what is wrong with it."""

    name: str
    message: str


def find(bound: BoundEntity, text: str) -> Q:
    """Records that contain ``text`` in a field whose true value the user may know."""
    if _searcher and bound.entity.search:
        return Q(pk__in=_searcher[0](bound.user, bound.label, text))
    names = bound.readable(name for names in bound.entity.search.values() for name in names)
    found = (Q(**{f"{name}__icontains": text}) & (field.guard or Q()) for name, field in names.items())
    return reduce(or_, found, Q()) if names else Q(pk__in=[])


def why_broken(bound: BoundEntity, error: ConditionError) -> str:
    """Why a stored view can't be shown to this user, in words."""
    if not error.field or error.field in bound.filterable:
        return error.messages[0]
    return _("This view uses “%(name)s”, which is hidden from you or does not exist any more.") % {
        "name": error.field[:100]
    }


def with_links(rows: QuerySet, fields: Iterable[Field]) -> QuerySet:
    """The rows with the linked records that the fields walk, loaded as far as showing them needs.

    A model says by ``shown_by`` what ``str()`` and the colour of its records are made of; without it, all is loaded.
    """
    fields = [field for field in fields if field.relation]
    if not fields:
        return rows
    rows = rows.select_related(*{field.relation for field in fields})
    if any(type(field) is not Field for field in fields):
        return rows
    return rows.only(*_columns(rows.model), *(name for field in fields for name in _shown(field)))


def _columns(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields]


def _shown(field: Field) -> list[str]:
    """The columns that a field of a linked record, or the link itself, is shown by."""
    target: Any = field.source.related_model if field.source.is_relation else None
    names = (
        [f"{field.name}__{name}" for name in getattr(target, "shown_by", None) or _columns(target)] if target else []
    )
    return [*(names or [field.name]), *_pools_on(field)]


def _pools_on(field: Field) -> list[str]:
    """The pools of the records that the field walks through: what they hide is hidden there."""
    hops = range(1, len(field.path))
    pooled = [n for n in hops if isinstance(getattr(field.path[n].model, "access", None), Pooled)]
    return ["__".join([*(hop.name for hop in field.path[:n]), "pool"]) for n in pooled]


@dataclass(frozen=True)
class Preferences:
    """How a person looks at the lists of an entity, remembered from last time."""

    columns: list[str] | None = None
    size: int = SIZE
    dense: bool = False
    view: str = ""
    surface: str = ""
    lanes: str = ""


class ListQuery:
    """One list as one user asked for it. ``problems`` is not empty when a part was not understood: then there are no rows.

    ``view`` is a saved or declared view: its conditions hold beside those of the address.
    """

    def __init__(
        self,
        bound: BoundEntity,
        params: QueryDict,
        *,
        where: Mapping[str, Any] | None = None,
        sort: str = "",
        columns: list[str] | None = None,
    ) -> None:
        self.bound, self.params = bound, params
        self.sums: tuple[str, ...] | None = None
        self.liked = Preferences()
        self.problems: list[Problem] = []
        self.search = params.get("q", "").replace("\x00", "").strip()[:100]
        self.view_where = where
        self.view_group, self.where_group = self._view(where), self._where()
        self.groups = [group for group in (self.view_group, self.where_group) if group]
        self.filters = Filters(bound.model, params, bound.filterable, RESERVED)
        self.problems += [
            Problem(name, _("There is no field “%(name)s” to filter by.") % {"name": name[:100]})
            for name in self.filters.unknown
        ]
        self.problems += [Problem(name, messages[0]) for name, messages in self.filters.errors.items()]
        self.sort, self.descending = self._sort(params.get("sort") or sort or bound.default_sort)
        self._columns = columns

    def _view(self, where: Mapping[str, Any] | None) -> Group | None:
        if not where:
            return None
        try:
            return self.bound.condition(where)
        except ConditionError as error:
            self.problems.append(Problem("view", why_broken(self.bound, error)))
            return None

    def _where(self) -> Group | None:
        text = self.params.get("where", "")
        if not text:
            return None
        try:
            data = json.loads(text[:MAX_WHERE])
            json.dumps(data, ensure_ascii=False).encode()  # half a character can neither be shown nor asked for
            return self.bound.condition(data)
        except (ValueError, RecursionError):
            self.problems.append(Problem("where", _("The condition is not complete.")))
        except ConditionError as error:
            self.problems.append(Problem("where", error.messages[0]))
        return None

    def _sort(self, asked: str) -> tuple[str, bool]:
        name, descending = asked.lstrip("-"), asked.startswith("-")
        if name not in self.bound.sortable:
            if self.params.get("sort"):
                self.problems.append(
                    Problem("sort", _("The list can't be sorted by “%(name)s”.") % {"name": name[:100]})
                )
            usable = next(iter(self.bound.sortable), "")
            return usable, True
        return name, descending

    @cached_property
    def columns(self) -> list[BoundField]:
        """The visible columns: those of the address, of the view, else of the entity."""
        named = (
            [name for name in self.params.get("cols", "").split(",") if name]
            or self._columns
            or list_columns(self.bound)
        )
        offered = {field.name for field in self.bound.offered}
        return self.bound.visible(dict.fromkeys(name for name in named if name in offered)) or self.bound.visible(
            self.bound.columns
        )

    @property
    def sort_column(self) -> str:
        return self.bound.sortable.get(self.sort, "id")

    @property
    def condition(self) -> Q:
        """Everything the address asks for, as one Q."""
        reader = self.bound.reader()
        parts = [group.q(reader) for group in self.groups] + [test.q(reader) for test in self.filters.tests.values()]
        return reduce(and_, [*parts, self._search(), self._known()], Q())

    def _known(self) -> Q:
        """An order tells of values: where that by which one sorts may not be known there are no rows."""
        by = self.bound.readable([self.sort]).get(self.sort) if self.sort else None
        return Q() if by is None or by.guard is None else by.guard

    @property
    def narrows(self) -> bool:
        """Whether it shows less than all that the user may see."""
        return bool(self.groups or self.filters.tests or self.search or self.problems)

    def _search(self) -> Q:
        return find(self.bound, self.search) if self.search else Q()

    def matching(self, action: str = "view") -> QuerySet:
        """The rows on which the user may perform ``action``, unordered; none while a part of the address is not understood."""
        rows = self.bound.records(action)
        return rows.none() if self.problems else rows.filter(self.condition)

    def rows(self) -> QuerySet:
        """The rows with everything that the visible columns show, in the order of the list."""
        return ordered(self.related(self.matching()), self.sort_column, descending=self.descending)

    def related(self, rows: QuerySet) -> QuerySet:
        """The rows with the links that the visible columns walk."""
        return with_links(rows, [column.field for column in self.columns])

    def page(self) -> KeysetPage:
        """The page that the address names; BadCursor when its cursor is not ours."""
        after, before = self.params.get("after", ""), self.params.get("before", "")
        rows = self.related(self.matching())
        found = paginate(
            rows, self.sort_column, descending=self.descending, after=after, before=before, size=self.liked.size
        )
        self.bound.preload(self.columns, found.records)
        return found

    def chips(self) -> list[Chip]:
        """The conditions in words, each with the address without it."""
        return chips_of(self)

    def url(self, **changes: str | None) -> str:
        """The address with parameters changed (None: removed) and back on the first page."""
        left_out = {*PLACE, *changes}
        kept = [(name, value) for name, values in self.params.lists() if name not in left_out for value in values]
        return f"?{urlencode(kept + [(name, value) for name, value in changes.items() if value is not None])}"

    @property
    def text(self) -> str:
        """The address as it stands, without the place in it."""
        return self.url()[1:]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form that changes only the search must send along."""
        return [
            (name, value)
            for name, values in self.params.lists()
            for value in values
            if name not in {"q", "after", "before"}
        ]

    @property
    def where_text(self) -> str:
        """The builder's condition, as JSON."""
        return self.params.get("where", "")

    @property
    def repaired_url(self) -> str:
        """The address without the parts that were not understood."""
        return self.url(**{problem.name: None for problem in self.problems})
