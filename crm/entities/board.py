"""The list as lanes: exact counts and sums from one grouped query, the first cards of all lanes from another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from typing import Any

from django.db.models import Count, F, JSONField, Model, QuerySet, Sum, TextField
from django.utils.safestring import SafeString

from crm.entities.arranged import card_fields
from crm.entities.bound import BoundField
from crm.entities.cells import Painter
from crm.entities.entity import Lane, Lanes
from crm.entities.forms import may_write
from crm.entities.moulds import fill, mark, mould
from crm.entities.paging import KEY, KeysetPage, cursor_of, keyed, paginate
from crm.entities.query import ListQuery
from crm.fields.field import resolve
from crm.lib.looks import hue, initial

CARDS = 20


@dataclass
class LaneHead:
    """A lane with what lies in it; ``sums`` and ``weighted`` are (amount, currency) pairs, one a currency."""

    lane: Lane
    count: int = 0
    sums: list[tuple[Decimal, str]] = field(default_factory=list)
    weighted: list[tuple[Decimal, str]] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    more: str = ""


class BoardQuery:
    """The rows of a list that stand in the lanes of its board, as one user may see them."""

    def __init__(self, query: ListQuery) -> None:
        self.query, self.bound = query, query.bound
        self.board = query.bound.entity.board
        self.plan: Lanes = query.bound.entity.lanes(query.params)
        self.sort = query.sort_column
        self.key = KEY if "." in self.sort else self.sort

    @property
    def column(self) -> str:
        return self.bound.field(self.board.field).source.attname

    @cached_property
    def rows(self) -> QuerySet:
        values = [lane.value for lane in self.plan.lanes if not lane.drop_only]
        return self.query.matching().filter(**{f"{self.column}__in": values})

    @cached_property
    def summed(self) -> str:
        """The field that is added up, if the user may know it."""
        known = self.bound.readable(self.board.sums)
        return next((name for name, field in known.items() if field.guard is None), "")

    @cached_property
    def weighted(self) -> Any:
        """The expected value of a card, if the user may know every field that it is made of."""
        expression = self.board.weighted
        names = _fields_in(expression)
        return expression if names and set(self.bound.readable(names)) == set(names) else None

    def heads(self, only: Collection[Any] | None = None) -> list[LaneHead]:
        """Every lane (or those with the values ``only``) with its count and sums, whether it has cards or not."""
        heads = {lane.value: LaneHead(lane) for lane in self.plan.lanes if only is None or lane.value in only}
        for row in self._figures([value for value, head in heads.items() if not head.lane.drop_only]):
            head, currency = heads[row["lane"]], row.get("currency", "")
            head.count += row["count"]
            if row.get("total"):
                head.sums.append((row["total"], currency))
            if row.get("expected"):
                head.weighted.append((row["expected"], currency))
        for head in heads.values():
            head.sums, head.weighted = added(head.sums), added(head.weighted)
        return list(heads.values())

    def _figures(self, lanes: list[Any]) -> Iterable[Mapping[str, Any]]:
        """What lies in the lanes: from what the entity tallies if it is all that the user sees, else added up row by row."""
        weighted = self.weighted if self.summed else None
        if self.board.tally and not self.query.narrows:
            return self.board.tally(self.bound.user, lanes, money=bool(self.summed), weighted=weighted is not None)
        names = ["currency"] if self.summed and hasattr(self.bound.model, "currency") else []
        wanted: dict[str, Any] = {"count": Count("*")}
        if self.summed:
            wanted["total"] = Sum(self.summed)
        if weighted is not None:
            wanted["expected"] = Sum(weighted)
        rows = self.rows.filter(**{f"{self.column}__in": lanes})
        return rows.order_by().values(*names, lane=F(self.column)).annotate(**wanted)

    def filled(self) -> list[LaneHead]:
        """Every lane with its first cards; two queries for all lanes."""
        heads = self.heads()
        sign = "-" if self.query.descending else ""
        order = [f"{sign}{self.key}", f"{sign}pk"]
        parts = [
            keyed(self.rows, self.sort)[0]
            .filter(**{self.column: head.lane.value})
            .order_by(*order)
            .values("pk")[:CARDS]
            for head in heads
            if head.count
        ]
        found = self._cards(parts[0].union(*parts[1:], all=True) if parts else None)
        for head in heads:
            records = sorted(
                found[head.lane.value], key=lambda r: (getattr(r, self.key), r.pk), reverse=self.query.descending
            )
            head.cards = self.cards(records)
            if head.count > len(records) and records:
                head.more = cursor_of(records[-1], self.sort)
        return heads

    def _cards(self, ids: QuerySet | None) -> dict[Any, list[Model]]:
        found: dict[Any, list[Model]] = defaultdict(list)
        if ids is not None:
            pks = [row["pk"] for row in ids]
            for record in self.related(keyed(self.bound.model._base_manager.filter(pk__in=pks), self.sort)[0]):
                found[getattr(record, self.column)].append(record)
        return found

    def related(self, rows: QuerySet) -> QuerySet:
        """The rows with the links that a card shows, without what no card has room for."""
        shown = {f.stored for f in self.extras} | {f.name for f in self.extras}
        long = [n for n in _long_texts(self.bound.model, *sorted(self.relations)) if n not in shown]
        return self.linked(rows).defer(*long)

    def linked(self, rows: QuerySet) -> QuerySet:
        """The rows with the links that a card shows."""
        return rows.select_related(*self.relations)

    @cached_property
    def relations(self) -> set[str]:
        found = {f.relation for f in self.bound.visible(self.bound.columns)} | {
            self.bound.field(self.board.field).relation,
            "owner",
        }
        return (found | {f.relation for f in self.extras}) - {""}

    @cached_property
    def extras(self) -> list[BoundField]:
        """What admins put on the cards beside what they always show."""
        return card_fields(self.bound, self.plan.chosen_value)

    @cached_property
    def _painters(self) -> list[Painter]:
        return [Painter(field, compact=True) for field in self.extras]

    def page_of(self, value: Any, after: str = "") -> KeysetPage:
        """Cards of one lane after a cursor."""
        rows = self.related(self.rows.filter(**{self.column: value}))
        return paginate(rows, self.sort, descending=self.query.descending, after=after, size=CARDS)

    def cards(self, records: list[Model]) -> list[dict[str, Any]]:
        """Records with their cards, drawn."""
        self.bound.preload(self.extras, records)
        return [{"record": record, "html": self._draw(record)} for record in records]

    def _draw(self, record: Any) -> SafeString:
        seen = self.seen - {field.name for field in self._closable if field.closed(record)}
        card = self.bound.entity.card(record, seen)
        texts = {"pk": str(record.pk), "version": str(record.version), **card.texts}
        flags = {
            "movable": self.movable,
            "board_base": self.bound.url("list"),
            "face": "owner" in seen and record.owner_id is not None,
            **card.flags,
        }
        if flags["face"]:
            texts |= _face(str(record.owner))
        extra = {f"extra{i}": painter.draw(record) for i, painter in enumerate(self._painters)}
        filled = {name: said for name, said in extra.items() if said}
        texts |= filled
        flags["extras"] = tuple((f.label, mark(n)) for f, n in zip(self.extras, extra, strict=True) if n in filled)
        return fill(mould(self.board.template, tuple(texts), *flags.items()), texts)

    @cached_property
    def movable(self) -> bool:
        """Whether the user may move cards at all; the verb decides about each. No form writes some states: only the verb does."""
        field = self.bound.visible([self.board.field])[0]
        open_to = may_write(self.bound, field) if field.source.editable else field.mode is None
        return self.bound.can("change") and open_to

    @cached_property
    def _closable(self) -> list[BoundField]:
        """Those of them that pools may hide."""
        return [field for field in self.bound.visible(self.seen) if field.closures]

    @cached_property
    def seen(self) -> set[str]:
        """Names of the fields whose true values the cards may show."""
        return set(self.bound.readable([*self.bound.columns, *self.board.sums, self.board.field]))


@lru_cache(maxsize=4096)
def _face(name: str) -> dict[str, str]:
    return {"owner": name, "hue": str(hue(name)), "letter": initial(name)}


@cache
def _long_texts(model: type[Model], *relations: str) -> tuple[str, ...]:
    """Names of the columns of any length, of the model and of what the relations lead to."""
    models = {"": model} | {f"{r}__": resolve(model, r).source.related_model for r in relations}
    return tuple(
        f"{prefix}{field.name}"
        for prefix, found in models.items()
        for field in found._meta.concrete_fields
        if isinstance(field, JSONField | TextField)
    )


def added(pairs: Iterable[tuple[Decimal, str]]) -> list[tuple[Decimal, str]]:
    """Amounts of several lanes as one a currency, the largest first."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for amount, currency in pairs:
        found[currency] += amount
    return sorted(((amount, currency) for currency, amount in found.items()), reverse=True)


def _fields_in(expression: Any) -> list[str]:
    """The names of the fields that an expression reads."""
    if isinstance(expression, F):
        return [expression.name]
    parts = expression.get_source_expressions() if hasattr(expression, "get_source_expressions") else []
    return [name for part in parts for name in _fields_in(part)]
