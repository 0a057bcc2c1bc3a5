"""Planning a year: a grid of subjects and months, typed, pasted, spread or drafted; and written as one change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.lib.money import parse_money
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.planning.actuals import Actuals
from sales.planning.models import TARGET, ZERO, Target, months_of
from sales.planning.subjects import Subject, tree

Grid = dict[str, list[Decimal | None]]
YEARS_BACK = 3


def grid_of(user: Any, metric: str, year: int, action: str = "view") -> tuple[Grid, str]:
    """The targets of a year by subject, as far as the user reaches them; and a mark of how they stand."""
    rows = Target.objects.restrict(user, action).filter(metric=metric, month__year=year).order_by("pk")
    grid: Grid = {}
    mark = hashlib.sha256()
    for row in rows.select_related("unit", "owner"):
        grid.setdefault(row.key, [None] * 12)[row.month.month - 1] = row.amount
        mark.update(f"{row.pk}:{row.version};".encode())
    return grid, mark.hexdigest()[:16]


def read_cell(text: str, metric: str) -> Decimal | None:
    """What was typed: an amount (1.2万, 12,000), for counts a whole number; None when empty. ValueError says what is wrong."""
    if not text.strip():
        return None
    amount, _currency = parse_money(text)
    if amount < 0:
        raise ValueError(_("The target can't be negative."))
    if metric not in Target.MONEY and amount != amount.to_integral_value():
        raise ValueError(_("Enter a whole number."))
    return amount


def spread(total: Decimal, weights: Sequence[Decimal], whole: bool = False) -> list[Decimal]:
    """``total`` shared in proportion to ``weights`` (evenly where they come to nothing), to whole yuan; the last month takes the rest."""
    weights = weights if sum(weights) > 0 else [Decimal(1)] * len(weights)
    unit = Decimal(1)
    done, shares, seen = ZERO, [], ZERO
    for weight in weights:
        seen += weight
        reached = (total * seen / sum(weights)).quantize(unit, ROUND_HALF_UP)
        shares.append(reached - done)
        done = reached
    shares[-1] += total - done
    return shares


def season(history: Actuals, subject: Subject, year: int) -> list[Decimal]:
    """What each month of the year brought on the whole in the years before it."""
    years = range(year - YEARS_BACK, year)
    return [history.of(subject, [date(one, month, 1) for one in years]) for month in range(1, 13)]


def growth_of(history: Actuals, subject: Subject, year: int) -> Decimal:
    """The growth of the last whole year over the one before it in percent, held between −30 and +50; 0 where there is none."""
    before, last = (history.of(subject, months_of(one)) for one in (year - 2, year - 1))
    if not before or not last:
        return ZERO
    percent = ((last / before - 1) * 100).quantize(Decimal(1), ROUND_HALF_UP)
    return max(Decimal(-30), min(Decimal(50), percent))


def draft(history: Actuals, subject: Subject, year: int, growth: Decimal | None) -> list[Decimal | None]:
    """target(month) = total of last year × (1 + growth) × share of the month in the last three years, to whole yuan.

    ``growth`` in percent; None: that of the subject's own last two years. Nothing where last year brought nothing.
    """
    last = history.of(subject, months_of(year - 1))
    if not last:
        return [None] * 12
    percent = growth_of(history, subject, year) if growth is None else growth
    total = (last * (1 + percent / 100)).quantize(Decimal(1), ROUND_HALF_UP)
    return list(spread(total, season(history, subject, year)))


def history_of(user: Any, metric: str, year: int) -> Actuals:
    """What the years before a year brought."""
    return Actuals(user, metric, date(year - YEARS_BACK, 1, 1), date(year - 1, 12, 31))


@transaction.atomic
def save_grid(
    user: Any, metric: str, year: int, grid: Mapping[str, Sequence[Decimal | None]], mark: str, *, actor: Actor
) -> int:
    """Write what differs, as one change that can be undone; how many targets changed. ValidationError when others changed them."""
    subjects = {subject.key: subject for subject in tree(user, TARGET, "change")}
    mine = Target.objects.restrict(user, "change").filter(metric=metric, month__year=year)
    rows = list(mine.select_related("unit", "owner").select_for_update(of=("self",)).order_by("pk"))
    if grid_of(user, metric, year, "change")[1] != mark:
        raise ValidationError(
            _("Somebody else changed these targets meanwhile. Yours are not saved: compare them and save again.")
        )
    known = {(row.key, row.month.month): row for row in rows}
    owners = User.objects.in_bulk([s.pk for s in subjects.values() if not s.is_unit])
    written, gone = [], []
    for key, cells in grid.items():
        if key not in subjects:
            continue
        for month, amount in enumerate(cells, 1):
            row = known.get((key, month))
            if amount is None:
                gone += [row] if row else []
            elif row is None:
                unit = subjects[key].pk if subjects[key].is_unit else None
                owner = user if unit else owners[subjects[key].pk]
                written.append(
                    Target(owner=owner, unit_id=unit, metric=metric, month=date(year, month, 1), amount=amount)
                )
            elif row.amount != amount:
                row.amount = amount
                written.append(row)
    if not written and not gone:
        return 0
    changes = records.change_set("edit", actor=actor, entity=TARGET, title=f"{year} {Target.Metric(metric).label}")
    records.save_many(written, actor=actor, changes=changes)
    if gone:
        records.delete_many(gone, actor=actor, changes=changes)
    return len(written) + len(gone)
