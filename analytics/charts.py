"""Tallies as static/js/charts.js draws them; each mark opens its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from analytics.money import Sums
from analytics.sales import Tally

# More marks than this say less than the table behind.
MOST = 15


def chart(
    rows: Sequence[tuple[str, Tally]], *, kind: str = "bars", across: bool = False, most: int = MOST
) -> dict[str, Any]:
    """Sums, a series for each currency; where nothing may be added up, counts."""
    rows = rows[:most]
    currencies = sorted({currency for _label, tally in rows for currency in tally.sums})
    series = [
        {"name": c, "data": [{"value": float(t.sums.get(c, 0)), "url": t.url} for _label, t in rows]}
        for c in currencies
    ]
    unit = currencies[0] if len(currencies) == 1 else ""
    if not series:
        series = [{"name": _("Count"), "data": [{"value": t.count, "url": t.url} for _label, t in rows]}]
    return {"kind": kind, "x": [label for label, _tally in rows], "series": series, "unit": unit, "across": across}


def compared(rows: Sequence[tuple[str, Mapping[str, Sums]]], *, across: bool = False) -> dict[str, Any]:
    """Several sums side by side, a series for each name and currency."""
    names = list(dict.fromkeys(name for _label, told in rows for name in told))
    currencies = sorted({currency for _label, told in rows for sums in told.values() for currency in sums.of})
    series = [
        {
            "name": name if len(currencies) == 1 else " ".join(filter(None, (name, currency))),
            "data": [{"value": float(told[name].of.get(currency, 0)), "url": told[name].url} for _label, told in rows],
        }
        for currency in currencies
        for name in names
    ]
    unit = currencies[0] if len(currencies) == 1 else ""
    return {"kind": "bars", "x": [label for label, _told in rows], "series": series, "unit": unit, "across": across}
