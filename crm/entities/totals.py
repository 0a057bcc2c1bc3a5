"""How many rows a list has and what they add up to, capped in time: nobody waits for a number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Count, QuerySet

from crm.entities.query import ListQuery
from crm.fields.field import Field

# Milliseconds for an exact answer, then for "at least so many".
EXACT_MS, ABOUT_MS = 1500, 500
ABOUT = 10_000
CANCELLED = "57014"


@dataclass
class Totals:
    """``count`` is None when even ``ABOUT`` rows could not be counted in time; ``more``: there are at least so many.

    ``sums`` holds (field, [(amount, currency)]): amounts of different currencies are never added to each other.
    """

    count: int | None = None
    more: bool = False
    sums: list[tuple[Field, list[tuple[Any, str]]]] = field(default_factory=list)


def totals(query: ListQuery) -> Totals:
    """The count and the sums over all rows of a list: of the fields that its view names, else of the visible columns."""
    shown = {column.name for column in query.columns} if query.sums is None else set(query.sums)
    fields = query.bound.readable(name for name in query.bound.sums if name in shown)
    money = any(one.kind == "money" for one in fields.values()) and hasattr(query.bound.model, "currency")
    rows = query.matching().order_by().values(*(["currency"] if money else []))
    wanted = {"count": Count("pk")} | {f"sum_{n}": one.total() for n, one in enumerate(fields.values())}
    found = in_time(EXACT_MS, lambda: list(rows.annotate(**wanted)) if money else [rows.aggregate(**wanted)])
    if found is None:
        return about(query.matching())
    sums = [(one, _added(found, n, one)) for n, one in enumerate(fields.values())]
    return Totals(sum(row["count"] for row in found), sums=sums)


def about(rows: QuerySet) -> Totals:
    """The count, up to a limit."""
    number = in_time(ABOUT_MS, lambda: rows.order_by().values("pk")[: ABOUT + 1].count())
    if number is None:
        return Totals()
    return Totals(min(number, ABOUT), more=number > ABOUT)


def _added(found: list[dict[str, Any]], number: int, one: Field) -> list[tuple[Any, str]]:
    amounts: dict[str, Any] = defaultdict(int)
    for row in found:
        amounts[row.get("currency", "") if one.kind == "money" else ""] += row[f"sum_{number}"] or 0
    return [(amount, currency) for currency, amount in sorted(amounts.items(), key=lambda item: -item[1])]


def in_time(milliseconds: int, ask: Any) -> Any:
    """What ``ask()`` returns, or None when the database needs longer."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [str(milliseconds)])
            return ask()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != CANCELLED:
            raise
        return None
