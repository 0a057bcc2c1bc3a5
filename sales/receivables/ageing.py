"""How old what is overdue is: its sums in bands of days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Q, Sum, When
from django.utils.translation import gettext as _

from sales.receivables import tallies
from sales.receivables.models import Instalment

BANDS = ((0, 30), (31, 60), (61, 90), (91, None))
LONG_AGO = date(1970, 1, 1)


@dataclass
class Band:
    """How many instalments fell due between two ``days``, and what is open of them ``of`` each currency."""

    label: str
    days: tuple[date, date]
    count: int = 0
    of: dict[str, Decimal] = field(default_factory=dict)


def bands(user: Any, today: date) -> list[Band]:
    """What is overdue of what the user sees, the youngest first."""
    found = []
    for low, high in BANDS:
        label = _("%(days)s days") % {"days": f"{low}–{high}" if high is not None else f"{low - 1}+"}
        first = today - timedelta(days=high) if high is not None else LONG_AGO
        found.append(Band(label, (first, today - timedelta(days=low))))
    place = Case(*(When(day__range=band.days, then=at) for at, band in enumerate(found)))
    for rows in tallies.sums(user, Instalment, Q(state="overdue", day__range=(LONG_AGO, today))):
        grouped = rows.order_by().annotate(place=place).values("place", "currency")
        for row in grouped.annotate(count=Sum("records"), open=Sum("rest")).exclude(count=0):
            band = found[row["place"]]
            band.count += row["count"]
            band.of[row["currency"]] = band.of.get(row["currency"], Decimal(0)) + row["open"]
    return found
