"""Counts and sums over all opportunities that somebody sees, read from the tallies that the database keeps.

They are exact: a tally changes in the transaction that changes its rows. Records that reach the reader by a share of that one
record are added row by row. Whatever else narrows the rows must be a condition on the columns of the tally itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, DateField, DecimalField, ExpressionWrapper, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, TruncMonth
from django.utils import timezone

from crm.access import policy
from sales.models import DealTally, MoveTally, Opportunity, StageHistory
from sales.querysets import WEIGHTED

Row = dict[str, Any]
Months = tuple[date, date]

EXPECTED = ExpressionWrapper(
    (Sum("rated") + Sum(F("unrated") * F("stage__probability"))) / 100,
    output_field=DecimalField(max_digits=30, decimal_places=6),
)
# One pass, three groupings; the aliases of the inner query are its columns in order.
THREE_WAYS = """
select grouping(month, owner, source), month, owner, source, currency, sum(deals), sum(amount)
from ({rows}) as won (month, owner, source, currency, deals, amount)
group by grouping sets ((month, currency), (owner, currency), (source, currency)) having sum(deals) > 0
"""
WAYS = {0b011: "month", 0b101: "owner", 0b110: "source"}


def deals(
    user: Any, *names: str, where: Q, months: Months | None = None, money: bool = True, weighted: bool = True
) -> Iterator[Row]:
    """Rows of ``names``, ``currency``, ``count``, ``total`` and ``expected``; a key may come twice, add them up.

    ``months`` are the first day of the first and the last day of the last month in which they closed.
    """
    tallies = _closed_in(DealTally.objects.restrict(user).filter(where), months)
    kept = {"count": Sum("deals")} | ({"total": Sum("amount")} if money else {})
    kept |= {"expected": EXPECTED} if money and weighted else {}
    yield from tallies.order_by().values(*names, "currency").annotate(**kept).filter(count__gt=0)
    if (shared := _shared(user, where)) is not None:
        counted = {"count": Count("*")} | ({"total": Sum("amount")} if money else {})
        counted |= {"expected": Sum(WEIGHTED)} if money and weighted else {}
        yield from _closed_in(shared, months).order_by().values(*names, "currency").annotate(**counted)


def three_ways(user: Any, *, where: Q, months: Months | None = None) -> dict[str, list[Row]]:
    """By month of the close date, by owner and by source: rows of ``key``, ``currency``, ``count`` and ``total``."""
    sources = [_closed_in(DealTally.objects.restrict(user).filter(where), months)]
    if (shared := _shared(user, where)) is not None:
        by_month = Cast(TruncMonth("close_date"), DateField())
        sources.append(_closed_in(shared, months).annotate(month=by_month, deals=Value(1)))
    found: dict[str, list[Row]] = {name: [] for name in WAYS.values()}
    with connection.cursor() as cursor:
        for rows in sources:
            values = rows.order_by().values("month", "owner", "source", "currency", "deals", "amount")
            try:
                inner, params = values.query.sql_with_params()
            except EmptyResultSet:  # nothing is within reach
                continue
            cursor.execute(THREE_WAYS.format(rows=inner), params)
            for which, month, owner, source, currency, count, amount in cursor:
                name = WAYS[which]
                key = {"month": month, "owner": owner, "source": source}[name]
                found[name].append({"key": key, "currency": currency, "count": count, "total": amount})
    return found


def moves(user: Any, *, where: Q, stages: list[int], period: tuple[datetime, datetime] | None = None) -> Iterator[Row]:
    """Rows of ``from_stage``, ``to_stage``, ``n``, ``all`` (seconds) and ``known``, to be added up: what left ``stages``.

    ``period`` is the first moment and that after the last, both the start of a month somewhere on earth. The tallies keep
    the months of UTC: what lies between their bounds and those asked for is counted move by move, and added or taken off.
    """
    tallies = MoveTally.objects.restrict(user).filter(where, from_stage__in=stages)
    if period:
        bounds = [_nearest_month(moment) for moment in period]
        tallies = tallies.filter(month__gte=bounds[0].date(), month__lt=bounds[1].date())
    sums = {"n": Sum("moves"), "all": Sum("seconds"), "known": Sum("timed")}
    yield from tallies.order_by().values("from_stage", "to_stage").annotate(**sums)
    made = StageHistory.objects.filter(from_stage__in=stages)
    if period:
        reach = made.filter(opportunity__in=Opportunity.objects.restrict(user).filter(where, _without_shared(user)))
        for sign, asked, bound in ((1, period[0], bounds[0]), (-1, period[1], bounds[1])):
            first, last = sorted((asked, bound))
            if first < last and first < timezone.now():
                sign = sign if asked < bound else -sign
                for row in _counted(reach.filter(at__gte=first, at__lt=last)):
                    yield row | {name: sign * (row[name] or 0) for name in sums}
        made = made.filter(at__gte=period[0], at__lt=period[1])
    if (shared := _shared(user, where)) is not None:
        yield from _counted(made.filter(opportunity__in=shared))


def _counted(made: QuerySet) -> QuerySet:
    sums = {"n": Count("pk"), "all": Sum("seconds"), "known": Count("seconds")}
    return made.order_by().values("from_stage", "to_stage").annotate(**sums)


def _shared(user: Any, where: Q) -> QuerySet | None:
    """Those that reach the user by shares alone; None where there are none."""
    beyond = policy.shared_beyond(user, Opportunity)
    return None if beyond is None else Opportunity.objects.restrict(user).filter(where, beyond)


def _without_shared(user: Any) -> Q:
    beyond = policy.shared_beyond(user, Opportunity)
    return Q() if beyond is None else ~beyond


def _closed_in(rows: QuerySet, months: Months | None) -> QuerySet:
    """Those that closed in whole months; the tallies know no shorter time."""
    if months and (months[0].day, (months[1] + timedelta(days=1)).day) != (1, 1):
        raise ValueError(f"Not whole months: {months[0]} to {months[1]}")
    column = "month" if rows.model is DealTally else "close_date"
    return rows.filter(**{f"{column}__range": months}) if months else rows


def _nearest_month(moment: datetime) -> datetime:
    """The start of a month in UTC that is nearest to ``moment``."""
    this = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (this + timedelta(days=31)).replace(day=1)
    return this if moment - this < following - moment else following
