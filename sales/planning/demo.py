"""A year planned, a forecast adjusted, and snapshots of the last weeks."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import F

from crm.demo.steps import World, bench_page, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import Department, User
from sales.planning import snapshots
from sales.planning.actuals import Actuals
from sales.planning.models import ForecastAdjustment, ForecastLine, Target, months_of
from sales.planning.targets import spread

SEASON = [Decimal(n) for n in (6, 4, 8, 8, 8, 10, 7, 7, 9, 9, 11, 13)]
# The least that is planned, and in what steps.
YEARLY = {
    "sales": (Decimal(900_000), Decimal(10_000)), "receipts": (Decimal(600_000), Decimal(10_000)),
    "leads": (Decimal(24), Decimal(12)), "visits": (Decimal(24), Decimal(12)),
}  # fmt: skip
AMBITION = [Decimal(n) for n in ("1.05", "0.95", "1.3", "1.15")]


@demo_step(130, "targets")
def make_targets(world: World) -> None:
    """Sellers have a plan for the year by season, departments and the company the sum of theirs and a tenth more."""
    year = world.now.year
    sellers = list(
        User.objects.filter(is_active=True, roles__code__in=("rep", "lead")).select_related("department").distinct()
    )
    admin = User.objects.filter(username="admin").first() or (sellers[0] if sellers else None)
    if not sellers or Target.objects.exists():
        return
    rows = []
    for metric in YEARLY:
        planned = _planned(admin, metric, sellers, year)
        rows += [_year(year, person, None, metric, planned[person]) for person in sellers]
        for unit in Department.objects.all():
            below = [p for p in sellers if p.department and p.department.path.startswith(unit.path)]
            total = sum((planned[p] for p in below), Decimal(0)) * (1 if unit.parent_id else Decimal("1.1"))
            rows += [_year(year, admin, unit, metric, total)] if below else []
    records.save_many([target for row in rows for target in row], actor=Actor(admin, "demo"))
    _adjust(world, sellers[0])
    _months(world.now.date())
    _weeks(world.now.date())


def _planned(admin: User, metric: str, sellers: list[User], year: int) -> dict[User, Decimal]:
    """Somewhat more or less than they will reach, so that their attainment can be believed."""
    reached: dict[int, Decimal] = defaultdict(Decimal)
    for (owner, _unit), by_month in Actuals(admin, metric, date(year, 1, 1), date(year, 12, 31)).found.items():
        reached[owner] += sum(by_month.values())
    least, step = YEARLY[metric]
    return {
        person: max(least, (reached[person.pk] * AMBITION[number % len(AMBITION)] // step + 1) * step)
        for number, person in enumerate(sellers)
    }


def _year(year: int, owner: User | None, unit: Department | None, metric: str, total: Decimal) -> list[Target]:
    shares = spread(total, SEASON)
    return [
        Target(owner=owner, unit=unit, metric=metric, month=month, amount=amount, note="年度销售计划" if metric == "sales" else "")
        for month, amount in zip(months_of(year), shares, strict=True)
    ]  # fmt: skip


def _adjust(world: World, person: User) -> None:
    """The manager expects less of somebody than the figures say."""
    manager = User.objects.filter(username="manager").first()
    first = date(world.now.year, (world.now.month - 1) // 3 * 3 + 1, 1)
    made = ForecastAdjustment(
        owner=person, span="quarter", starts_on=first, amount=Decimal(860_000), note="两个项目的招标推迟到下季度，按保守口径预计。"
    )  # fmt: skip
    records.save(made, actor=Actor(manager, "demo"))


THEN = """
insert into planning_forecastline (taken_on, opportunity_id, owner_id, department_id, category, worth, close_date)
select %(day)s, o.id, o.owner_id, o.department_id,
    case when o.state = 'open' then coalesce(nullif(o.forecast_category, ''), s.forecast)
        else (array['commit', 'best_case', 'commit', 'pipeline'])[1 + o.id %% 4] end,
    round(o.amount * (0.8 + 0.1 * (o.id %% 4)), 2), o.close_date
from sales_opportunity o join sales_stage s on s.id = o.stage_id
where o.deleted_at is null and o.currency = 'CNY' and o.amount is not null
    and o.created_at::date <= %(day)s and (o.closed_at is null or o.closed_at::date > %(day)s)
on conflict do nothing
"""


def _months(today: date) -> None:
    """What the pipeline looked like at the beginning of the last months, of what closed since with an amount somewhat off."""
    at = today.year * 12 + today.month - 1
    with connection.cursor() as cursor:
        for month in range(at - 14, at):
            cursor.execute(THEN, {"day": date(month // 12, month % 12 + 1, 1)})


def _weeks(today: date) -> None:
    """As if the pipeline had been kept each week: of what is open now, a part came later, a part was smaller."""
    for weeks in range(4, 0, -1):
        day = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
        snapshots.take(day)
        lines = ForecastLine.objects.filter(taken_on=day)
        lines.extra(where=["opportunity_id %% 11 < %s"], params=[weeks - 1]).delete()
        lines.extra(where=["opportunity_id %% 7 = %s"], params=[weeks]).update(worth=F("worth") * Decimal("0.8"))


@bench_page("forecast of a quarter", goal=3.0, roles=("rep", "manager", "admin"))
def forecast(user: User) -> tuple[str, str, dict | None]:
    """The roll-up of all open opportunities."""
    return "GET", "/sales/forecast/", None


@bench_page("attainment of a year", goal=3.0, roles=("rep", "manager", "admin"))
def attainment(user: User) -> tuple[str, str, dict | None]:
    """Targets against contracts signed."""
    return "GET", "/sales/attainment/", None


@bench_page("cash outlook", goal=6.0, roles=("rep", "manager", "admin"))
def cash(user: User) -> tuple[str, str, dict | None]:
    """What comes and goes, month by month."""
    return "GET", "/sales/cash/", None
