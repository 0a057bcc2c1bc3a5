"""Targets against what was reached, for the subjects in the reader's reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from sales.planning.actuals import Actuals
from sales.planning.models import TARGET, ZERO, months_of
from sales.planning.sources import rows_url
from sales.planning.subjects import Subject, tree
from sales.planning.targets import grid_of

LEADERS = 20
STEPS = {"month": 1, "quarter": 3, "year": 12}


def rate_of(actual: Decimal, target: Decimal | None) -> int | None:
    """Attainment in whole percent: actual ÷ target; None without a target."""
    return int((actual / target * 100).quantize(Decimal(1), ROUND_HALF_UP)) if target else None


@dataclass(frozen=True)
class Cell:
    """A subject in a span of months."""

    target: Decimal | None
    actual: Decimal
    metric: str
    subject: Subject
    months: list[date]

    @property
    def url(self) -> str:
        """Where its rows are."""
        return rows_url(self.metric, self.subject, self.months)

    @property
    def rate(self) -> int | None:
        return rate_of(self.actual, self.target)

    @property
    def tone(self) -> str:
        """How well it goes."""
        return (
            "" if self.rate is None else "is-done" if self.rate >= 100 else "is-soon" if self.rate >= 70 else "is-late"
        )


class Board:
    """A year of one metric: rows of subjects with a cell for each span, the last is the whole year."""

    def __init__(self, user: Any, metric: str, year: int, by: str = "quarter") -> None:
        self.user, self.metric, self.year, self.by = user, metric, year, by
        self.actuals = Actuals(user, metric, date(year, 1, 1), date(year, 12, 31))
        self.targets, _mark = grid_of(user, metric, year)
        named = {int(key[1:]) for key in self.targets if key[0] == "u"} | self.actuals.owners()
        self.subjects = tree(user, TARGET, people=named)

    @cached_property
    def spans(self) -> list[list[date]]:
        """The months of each column."""
        months, step = months_of(self.year), STEPS[self.by]
        found = [months[at : at + step] for at in range(0, 12, step)]
        return found if self.by == "year" else [*found, months]

    @property
    def headings(self) -> list[str]:
        names = {1: "{0:%m}", 3: "Q{1}", 12: "{0:%Y}"}
        return [names[len(span)].format(span[0], span[0].month // 3 + 1) for span in self.spans]

    def target(self, subject: Subject, months: list[date]) -> Decimal | None:
        """The sum of its targets; None where there is none at all."""
        cells = self.targets.get(subject.key, [None] * 12)
        known = [cells[m.month - 1] for m in months if cells[m.month - 1] is not None]
        return sum((amount for amount in known if amount is not None), ZERO) if known else None

    def cell(self, subject: Subject, months: list[date]) -> Cell:
        """Target and actual of a subject."""
        return Cell(self.target(subject, months), self.actuals.of(subject, months), self.metric, subject, months)

    def rows(self, subjects: list[Subject]) -> list[tuple[Subject, list[Cell]]]:
        """A line of cells for each of these subjects."""
        return [(subject, [self.cell(subject, span) for span in self.spans]) for subject in subjects]

    def leaders(self, months: list[date], order: str = "rate") -> list[tuple[Subject, Cell]]:
        """The first people by attainment, or by amount; those with neither target nor result are left out."""
        people = [(s, self.cell(s, months)) for s in self.subjects if not s.is_unit]
        people = [(s, cell) for s, cell in people if cell.target or cell.actual]
        if order == "amount":
            return sorted(people, key=lambda one: -one[1].actual)[:LEADERS]
        rated = sorted(people, key=lambda one: (-(one[1].rate if one[1].rate is not None else -1), -one[1].actual))
        return rated[:LEADERS]
