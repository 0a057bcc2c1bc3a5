"""The pipeline week by week: how it stood, what changed since, and how near forecasts came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, FilteredRelation, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models import Opportunity
from sales.planning.attainment import rate_of
from sales.planning.forecast import Period, closing, valued
from sales.planning.models import ZERO, ForecastLine
from sales.planning.subjects import Subject

TAKE = """
insert into planning_forecastline (taken_on, opportunity_id, owner_id, department_id, category, worth, close_date)
select %(day)s, o.id, o.owner_id, o.department_id, coalesce(nullif(o.forecast_category, ''), s.forecast),
    case when o.currency = 'CNY' then coalesce(o.amount, 0) else round(o.amount * (select r.rate from reference_exchangerate r
        where r.currency = o.currency and r.day <= %(day)s order by r.day desc limit 1), 2) end, o.close_date
from sales_opportunity o join sales_stage s on s.id = o.stage_id
where o.state = 'open' and o.deleted_at is null
on conflict do nothing
"""
KINDS = {
    "in": _("Came in"),
    "won": _("Won"),
    "lost": _("Lost"),
    "gone": _("Removed"),
    "out": _("Moved out of the period"),
    "up": _("Amount up"),
    "down": _("Amount down"),
    "category": _("Another category"),
}


def take(day: date) -> int:
    """Keep how all open opportunities stand; how many. Again on the same day adds only what was not there."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"day": day})
        return cursor.rowcount


def take_weekly(today: date | None = None) -> int:
    """Once in a week, whichever day the machine is there; and on the first day of a month, from which accuracy is measured."""
    today = today or timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    last = ForecastLine.objects.aggregate(last=Max("taken_on"))["last"]
    due = last is None or last < monday or (today.day == 1 and last < today)
    return take(today) if due else 0


DAYS = """
with recursive of (day) as (
    select max(taken_on) from planning_forecastline
    union all select (select max(taken_on) from planning_forecastline where taken_on < of.day) from of where of.day is not null
) select day from of where day is not null limit %(most)s
"""


def days(most: int = 26) -> list[date]:
    """On which days there are snapshots, the latest first: a step down the index for each, however many lines there are."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS, {"most": most})
        return [day for (day,) in cursor]


@dataclass(frozen=True)
class Change:
    """An opportunity that moved the forecast, and by how much."""

    deal: Any
    kind: str
    by: Decimal
    owner: str

    @property
    def label(self) -> Any:
        return KINDS[self.kind]


def changed(user: Any, period: Period, since: date, subject: Subject | None, today: date) -> QuerySet:
    """Opportunities that the reader sees and that stand otherwise in the period than on the day of a snapshot.

    Each with its ``kind`` and ``by``, the change of what is open in the period in yuan.
    """
    inside = Q(close_date__range=(period.first, period.last))
    was_inside = Q(was__close_date__range=(period.first, period.last))
    # What was removed since lies in the trash; the reader might see it if it were not.
    rows: QuerySet = Opportunity.objects.reachable(user, "view").annotate(
        was=FilteredRelation("forecasts", condition=Q(forecasts__taken_on=since))
    )
    then = ForecastLine.objects.filter(taken_on=since, close_date__range=(period.first, period.last))
    rows = valued(rows.filter(Q(state="open") & inside | Q(pk__in=then.values("opportunity"))), today)
    rows = rows.annotate(old=Coalesce("was__worth", ZERO), new=Coalesce("worth", ZERO))
    open_inside = Q(state="open", deleted_at__isnull=True) & inside
    kind = Case(
        When(was_inside & Q(deleted_at__isnull=False), then=Value("gone")),
        When(was_inside & Q(state="won"), then=Value("won")),
        When(was_inside & Q(state="lost"), then=Value("lost")),
        When(was_inside & ~inside, then=Value("out")),
        When(was_inside & Q(new__gt=F("old")), then=Value("up")),
        When(was_inside & Q(new__lt=F("old")), then=Value("down")),
        When(was_inside & ~Q(category=F("was__category")), then=Value("category")),
        When(open_inside & ~was_inside, then=Value("in")),
        When(open_inside & Q(was__pk__isnull=True), then=Value("in")),
        default=Value(""),
    )
    gone = Q(kind__in=["won", "lost", "gone", "out"])
    rows = rows.filter(open_inside | was_inside).annotate(kind=kind).exclude(kind="")
    rows = rows.annotate(
        by=Case(When(gone, then=-F("old")), When(kind="in", then=F("new")), default=F("new") - F("old"))
    )
    return rows.filter(subject.rows) if subject else rows


def summed(rows: QuerySet) -> list[tuple[Any, int, Decimal]]:
    """Label, count and change in yuan of each kind."""
    sums = {r["kind"]: r for r in rows.order_by().values("kind").annotate(count=Count("pk"), total=Sum("by"))}
    return [(label, sums[kind]["count"], sums[kind]["total"]) for kind, label in KINDS.items() if kind in sums]


@dataclass(frozen=True)
class Accuracy:
    """What was expected of a period when it began, and what closed in it."""

    period: Period
    taken_on: date
    expected: Decimal
    closed: Decimal

    @property
    def rate(self) -> int | None:
        """closed ÷ expected, in percent."""
        return rate_of(self.closed, self.expected)


def expected(user: Any, period: Period, taken_on: date) -> QuerySet:
    """Commit and best case of a snapshot in a period, as far as the reader sees the opportunities; those removed since, too."""
    return ForecastLine.objects.filter(
        taken_on=taken_on, category__in=("commit", "best_case"), close_date__range=(period.first, period.last),
        opportunity__in=Opportunity.objects.reachable(user, "view"),
    )  # fmt: skip


def first_in(period: Period, taken: list[date]) -> date | None:
    """The first snapshot in a period, if it was taken within its first ten days."""
    near = [day for day in taken if period.first <= day <= period.first + timedelta(days=10)]
    return min(near, default=None)


def accuracy(user: Any, period: Period, today: date, back: int = 4) -> list[Accuracy]:
    """The last periods: what the first snapshot in each expected, against what closed."""
    taken, made = days(100), []
    for one in (period.moved(by) for by in range(-back, 1)):
        if day := first_in(one, taken):
            said = expected(user, one, day).aggregate(total=Sum("worth"))["total"] or ZERO
            came = closing(user, one, today).filter(state="won").aggregate(total=Sum("worth"))["total"] or ZERO
            made.append(Accuracy(one, day, said, came))
    return made
