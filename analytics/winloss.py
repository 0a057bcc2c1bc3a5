"""Why sales are won and lost: those closed in a period, by one way of looking at them at a time; every number opens its rows.

A way gives each sale a key; what is counted and what a number opens are the same rows with the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import (
    Avg,
    Case,
    CharField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    IntegerField,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models import OuterRef as Outer
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.filters import Filters
from analytics.sales import Tally
from crm.entities.bound import knows
from crm.users.models import User
from sales import tallies
from sales.catalogue.models import OpportunityLine, Product
from sales.deals.models import Competitor, DealReview
from sales.models import LossReason, Stage, StageHistory
from sales.planning.worth import in_yuan

MOST = 50
CLOSED = ("won", "lost")
SIZES = [Decimal(n) for n in (100_000, 500_000, 1_000_000, 5_000_000)]
LENGTHS = (30, 90, 180, 365)
TOOK = ExpressionWrapper(F("closed_at") - F("created_at"), output_field=DurationField())

Rows = Callable[[QuerySet, Any], QuerySet]
Names = Callable[[list[Any], Any], dict[Any, str]]


def _banded(bounds: list[Any]) -> Case:
    """The number of the band in which ``at`` lies: a value at a bound lies above it; null where there is none."""
    steps = [When(at__lt=bound, then=Value(number)) for number, bound in enumerate(bounds)]
    return Case(
        When(at__isnull=True, then=Value(None)), *steps, default=Value(len(bounds)), output_field=IntegerField()
    )


def _by_size(rows: QuerySet, user: Any) -> QuerySet:
    return rows.annotate(at=in_yuan("amount", "close_date")).annotate(key=_banded(list(SIZES)))


def _by_length(rows: QuerySet, user: Any) -> QuerySet:
    return rows.annotate(at=TOOK).annotate(key=_banded([timedelta(days=n) for n in LENGTHS]))


def _by_stage(rows: QuerySet, user: Any) -> QuerySet:
    moves = StageHistory.objects.filter(opportunity=Outer("pk"), to_stage__is_lost=True).order_by("-at", "-pk")
    return rows.annotate(key=Subquery(moves.values("from_stage")[:1]))


def _by_product(rows: QuerySet, user: Any) -> QuerySet:
    """The product of the largest line, as far as the reader knows the lines; else what is written."""
    if not (knows(user, "catalogue.opportunityline", "product", "total") and knows(user, "catalogue.product", "name")):
        return rows.annotate(key=F("product_text"))
    named = Product.objects.restrict(user)
    lines = OpportunityLine.objects.restrict(user).filter(document=Outer("pk"), product__in=named)
    main = Subquery(lines.order_by("-total", "pk").values("product__name")[:1])
    return rows.annotate(key=Coalesce(main, "product_text", output_field=CharField()))


def _beside(relation: str, column: str) -> Rows:
    """By what stands beside a sale and is not in the trash: it counts once for each."""

    def keyed(rows: QuerySet, user: Any) -> QuerySet:
        alive = FilteredRelation(relation, condition=Q(**{f"{relation}__deleted_at__isnull": True}))
        return rows.annotate(beside=alive).annotate(key=F(f"beside__{column}")).filter(key__isnull=False)

    return keyed


def _column(name: str) -> Rows:
    return lambda rows, user: rows.annotate(key=F(name))


def _named(model: Any) -> Names:
    return lambda keys, user: {pk: str(one) for pk, one in model._base_manager.in_bulk(keys).items()}


def _rivals(keys: list[Any], user: Any) -> dict[Any, str]:
    return {pk: str(one) for pk, one in Competitor.objects.restrict(user).in_bulk(keys).items()}


def _spans(bounds: list[Any], unit: Any = "") -> Names:
    def labels(keys: list[Any], user: Any) -> dict[Any, str]:
        said = [f"{bound:,}" for bound in bounds]
        names = [
            f"< {said[0]}",
            *(f"{low} – {high}" for low, high in zip(said, said[1:], strict=False)),
            f"≥ {said[-1]}",
        ]
        return {key: f"{names[key]} {unit}" for key in keys}

    return labels


@dataclass(frozen=True)
class Way:
    """A way of looking at closed sales; ``needs`` are fields of opportunities, ``also`` those of another entity."""

    label: Any
    keyed: Rows
    names: Names
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    states: tuple[str, ...] = CLOSED
    text: bool = False


WAYS = {
    "reason": Way(
        gettext_lazy("Loss reason"), _column("loss_reason"), _named(LossReason), ("loss_reason",), states=("lost",)
    ),
    "competitor": Way(
        gettext_lazy("Competitor"), _beside("competitors", "competitor"), _rivals,
        also=("deals.dealcompetitor", "competitor"),
    ),
    "stage": Way(gettext_lazy("Stage lost from"), _by_stage, _named(Stage), ("stage",), states=("lost",)),
    "factor": Way(
        gettext_lazy("What decided"), _beside("reviews", "factor"),
        lambda keys, user: {key: str(DealReview.Factor(key).label) for key in keys}, also=("deals.dealreview", "factor"), text=True,
    ),
    "owner": Way(gettext_lazy("Owner"), _column("owner"), _named(User), ("owner",)),
    "product": Way(
        gettext_lazy("Product"), _by_product, lambda keys, user: {k: k for k in keys if k}, ("product_text",), text=True
    ),
    "size": Way(gettext_lazy("Size in yuan"), _by_size, _spans(list(SIZES)), ("amount", "currency")),
    "length": Way(
        gettext_lazy("Length of the cycle"), _by_length, _spans(list(LENGTHS), gettext_lazy("days")), ("closed_at", "created_at")
    ),
}  # fmt: skip


@dataclass
class Line:
    """What was won and lost under one key."""

    label: str
    won: Tally = field(default_factory=Tally)
    lost: Tally = field(default_factory=Tally)

    @property
    def rate(self) -> int | None:
        """won ÷ (won + lost), in whole percent."""
        whole = self.won.count + self.lost.count
        return round(100 * self.won.count / whole) if whole else None


class WinLoss(Filters):
    """The closed sales of what is asked for, by one way."""

    def __init__(self, user: Any, params: Any, today: Any) -> None:
        super().__init__(user, params, today)
        self.ways = {name: way for name, way in WAYS.items() if self._may(way)}
        asked = params.get("by", "")
        self.by = asked if asked in self.ways else next(iter(self.ways), "")

    def _may(self, way: Way) -> bool:
        return self.knows(*way.needs) and (not way.also or knows(self.user, way.also[0], *way.also[1:]))

    @property
    def allowed(self) -> bool:
        """Whether the reader knows what closed, and when."""
        return self.knows("state", "close_date", "pipeline") and bool(self.by)

    @property
    def way(self) -> Way:
        return WAYS[self.by]

    @property
    def rows(self) -> QuerySet:
        """What closed in the period."""
        closed = {"close_date__range": self.days} if self.days else {}
        return self.reach.filter(state__in=CLOSED, **closed)

    def whole(self) -> Line:
        """All of them."""
        line, closed = Line(""), self.narrowed & Q(state__in=CLOSED)
        for row in tallies.deals(self.user, "state", where=closed, months=self.days, money=self.money, weighted=False):
            getattr(line, row["state"]).add(row)
        return line

    def length(self) -> dict[str, float | None]:
        """How many days those won and those lost took on the average, as far as the reader may know that."""
        if not self.knows("closed_at", "created_at"):
            return {}
        rows = self.rows.order_by().values("state").annotate(took=Avg(TOOK))
        return {row["state"]: row["took"] and row["took"].total_seconds() / 86400 for row in rows}

    def _figures(self) -> dict[str, Any]:
        return {"count": Count("pk")} | ({"total": Sum("amount")} if self.money else {})

    def lines(self) -> list[Line]:
        """A line each key, the most first."""
        found: dict[Any, Line] = {}
        keyed = self.way.keyed(self.rows.filter(state__in=self.way.states), self.user)
        for row in keyed.order_by().values("key", "state", "currency").annotate(**self._figures()):
            key = row["key"]
            line = found.setdefault(key, Line("", *(Tally(url=self.url(key, state)) for state in CLOSED)))
            getattr(line, row["state"]).add(row)
        names = self.way.names([key for key in found if key is not None], self.user)
        for key, line in found.items():
            line.label = names.get(key) or _("Without")
        if self.by in ("size", "length"):
            return [found[key] for key in sorted(found, key=lambda key: (key is None, key))]
        return sorted(found.values(), key=lambda one: (-one.won.count - one.lost.count, one.label))[:MOST]

    def url(self, key: Any, state: str) -> str:
        """The page of the rows of a key."""
        return f"{reverse('analytics:winloss_rows')}?{urlencode({**self.asked, 'by': self.by, 'key': '' if key is None else key, 'state': state})}"

    @property
    def asked(self) -> dict[str, Any]:
        """What an address says for what is asked for."""
        chosen = {"pipeline": self.pipeline, "department": self.department, "team": self.team, "owner": self.owner}
        return {"period": self.period} | {name: one.pk for name, one in chosen.items() if one}

    def of_key(self, key: str, state: str) -> QuerySet:
        """The sales of a key; none where it can't be understood."""
        rows = self.way.keyed(self.rows.filter(state=state, state__in=self.way.states), self.user)
        if self.way.text:
            return rows.filter(key=key)
        if not key:
            return rows.filter(key__isnull=True)
        return rows.filter(key=int(key)) if key.isdecimal() and len(key) < 10 else rows.none()
