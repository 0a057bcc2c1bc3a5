"""RFM: how recently, how often and for how much accounts, and persons, buy; scored for all of them by a few statements.

Bounds b1 < b2 < b3 < b4 make five bands. Frequency and amount score 1 + the number of bounds reached; recency 5 − the
number of bounds that the days since the last purchase reached. Who never
bought scores 0. Times and amount are those of the period looked back, the last purchase is the last of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from analytics.models import BANDS, CLASSES, SCORED, Of, RfmClass, RfmRun, RfmSetting
from crm.records.actor import Actor
from customers.purchases import chosen

BUCKETS = BANDS + 1
FIFTHS = "array[0.2, 0.4, 0.6, 0.8]"
LOCK = 0x5246_4D00
# Yuan for one unit on the day: the last rate up to then, else the first one known; 1 where nobody knows.
_RATE = """case when f.unit = 'CNY' then 1 else coalesce(
    (select rate from reference_exchangerate where currency = f.unit and day <= f.day order by day desc limit 1),
    (select rate from reference_exchangerate where currency = f.unit order by day limit 1), 1) end"""


@dataclass(frozen=True)
class Bounds:
    """The four bounds of each figure, ascending."""

    days: Sequence[int]
    times: Sequence[int]
    amounts: Sequence[Decimal]
    high: int

    @property
    def stored(self) -> dict[str, Any]:
        """As a run keeps them."""
        return {
            "days": list(self.days),
            "times": list(self.times),
            "amounts": [str(amount) for amount in self.amounts],
            "high": self.high,
        }


def since(setting: RfmSetting, today: date) -> date:
    """The first day that counts."""
    return today - timedelta(days=round(setting.months * 30.4375)) if setting.months else date(1900, 1, 1)


def sums_sql(setting: RfmSetting, today: date) -> tuple[str, list[Any]]:
    """(statement, parameters) of one row for each who ever bought: subject, last, and of the period times and yuan."""
    parts, params, first = [], [], since(setting, today)
    for source in chosen(setting.sources):
        rows = source.rows(setting.of)
        if rows is not None:
            text, given = rows.values_list("subject", "day", "total", "unit").query.sql_with_params()
            parts.append(text)
            params += given
    if not parts:
        parts = ["select null::bigint, null::date, null::numeric, null::text where false"]
    union = " union all ".join(f"({part})" for part in parts)
    return (
        f"""select f.subject, max(f.day) as last, count(*) filter (where f.day >= %s) as times,
                   coalesce(sum(f.total * {_RATE}) filter (where f.day >= %s), 0) as amount
            from ({union}) as f (subject, day, total, unit) where f.day <= %s group by f.subject""",
        [first, first, *params, today],
    )


def quantiles(setting: RfmSetting, today: date) -> Bounds:
    """Bounds that make every band hold about a fifth of those who bought; strictly ascending, whatever the ties."""
    text, params = sums_sql(setting, today)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""select percentile_disc({FIFTHS}) within group (order by %s - last),
                       percentile_disc({FIFTHS}) within group (order by times),
                       percentile_disc({FIFTHS}) within group (order by amount) from ({text}) as s""",
            [today, *params],
        )
        days, times, amounts = cursor.fetchone()
    return Bounds(rising(days or [], 1), rising(times or [], 1), rising(amounts or [], Decimal("0.01")), setting.high)


def rising(values: Sequence[Any], step: Any) -> list[Any]:
    """Four bounds of which each is at least ``step`` above the one before."""
    found: list[Any] = []
    for i in range(BANDS):
        value = values[i] if i < len(values) else step
        found.append(max(value, found[-1] + step) if found else max(value, step))
    return found


def bounds_of(setting: RfmSetting, today: date) -> Bounds:
    """The bounds that a run uses now."""
    if setting.automatic:
        return quantiles(setting, today)
    return Bounds(setting.days, setting.times, setting.amounts, setting.high)


def scored_sql(setting: RfmSetting, bounds: Bounds, today: date) -> tuple[str, list[Any]]:
    """(statement, parameters) of the scores of everybody who bought."""
    text, params = sums_sql(setting, today)
    high = bounds.high
    cases = " ".join(
        f"when {'' if r else 'not '}r >= {high} and {'' if f else 'not '}q >= {high} and {'' if m else 'not '}m >= {high}"
        f" then '{name.value}'"
        for (r, f, m), name in CLASSES.items()
    )
    return (
        f"""select subject, r, q, m, r + q + m as score, case {cases} end as class, last, times, amount from (
              select subject, last, times, amount,
                     5 - width_bucket(%s - last, %s::int[]) as r,
                     1 + width_bucket(times::bigint, %s::bigint[]) as q,
                     1 + width_bucket(amount, %s::numeric[]) as m from ({text}) as s) as t""",
        [today, list(bounds.days), list(bounds.times), list(bounds.amounts), *params],
    )


def wanted_sql(setting: RfmSetting, bounds: Bounds, today: date) -> tuple[str, list[Any]]:
    """(statement, parameters) of the records whose row is not what it should be, and whether a score ``moved``."""
    text, params = scored_sql(setting, bounds, today)
    of = SCORED[setting.of]
    link, table = f"{of.link}_id", of.scores._meta.db_table
    scores = "coalesce(w.r, 0), coalesce(w.q, 0), coalesce(w.m, 0), coalesce(w.class, 'none')"
    figures = "w.last, coalesce(w.times, 0), coalesce(w.amount, 0)"
    return (
        f"""select a.{link} as id, coalesce(w.r, 0) as r, coalesce(w.q, 0) as q, coalesce(w.m, 0) as m,
                   coalesce(w.score, 0) as score, coalesce(w.class, 'none') as class, w.last,
                   coalesce(w.times, 0) as times, coalesce(w.amount, 0) as amount,
                   (a.recency, a.frequency, a.monetary, a.rfm_class) is distinct from ({scores}) as moved
            from {table} a left join ({text}) as w on w.subject = a.{link}
            where (a.recency, a.frequency, a.monetary, a.rfm_class, a.last_on, a.times, a.amount)
                  is distinct from ({scores}, {figures})""",
        params,
    )


_WRITE = """update {scores} s set recency = w.r, frequency = w.q, monetary = w.m, score = w.score,
    rfm_class = w.class, last_on = w.last, times = w.times, amount = w.amount
    from rfm_wanted w where s.{link}_id = w.id"""
_KEEP = """insert into {steps} (run_id, {link}_id, recency, frequency, monetary, rfm_class)
    select %s, id, r, q, m, class from rfm_wanted where moved"""
_COUNT = "select rfm_class, count(*) from {scores} group by rfm_class"


@transaction.atomic
def score_all(of: str = Of.ACCOUNT, *, actor: Actor, today: date | None = None) -> RfmRun:
    """Score every record of the entity now; one run at a time."""
    began, today, setting = monotonic(), today or timezone.localdate(), RfmSetting.current(of)
    names = {
        "link": SCORED[of].link,
        "scores": SCORED[of].scores._meta.db_table,
        "steps": SCORED[of].steps._meta.db_table,
    }
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("set local work_mem = '128MB'")
    bounds = bounds_of(setting, today)
    run = RfmRun.objects.create(of=of, user=actor.user, bounds=bounds.stored)
    text, params = wanted_sql(setting, bounds, today)
    with connection.cursor() as cursor:
        # Worked out beside, by as many workers as the database has: a statement that writes has only one.
        cursor.execute(f"create temporary table rfm_wanted on commit drop as {text}", params)
        cursor.execute(_WRITE.format(**names))
        cursor.execute(_KEEP.format(**names), [run.pk])
        run.moved = cursor.rowcount
        cursor.execute("drop table rfm_wanted")
        cursor.execute(_COUNT.format(**names))
        run.counts = dict(cursor.fetchall())
    run.seconds = round(monotonic() - began, 3)
    run.save(update_fields=["moved", "counts", "seconds"])
    return run


def scores_of(setting: RfmSetting, bounds: Bounds, today: date) -> dict[str, int]:
    """How many each class would have with these bounds: a preview that writes nothing."""
    text, params = scored_sql(setting, bounds, today)
    with connection.cursor() as cursor:
        cursor.execute(f"select class, count(*) from ({text}) as t group by class", params)
        found = dict(cursor.fetchall())
    return {name.value: found.get(name.value, 0) for name in RfmClass if name != RfmClass.NONE}


def spread(setting: RfmSetting, today: date, bounds: Bounds) -> dict[str, list[tuple[Any, Any, int]]]:
    """For each figure the five bands of those who bought, as (from, below, how many): the histogram behind the bounds."""
    text, params = sums_sql(setting, today)
    wanted = {"days": bounds.days, "times": bounds.times, "amounts": bounds.amounts}
    value = {"days": "%s - last", "times": "times::bigint", "amounts": "amount"}
    kind = {"days": "int[]", "times": "bigint[]", "amounts": "numeric[]"}
    found = {}
    for name, edges in wanted.items():
        given = [today] if name == "days" else []
        with connection.cursor() as cursor:
            cursor.execute(
                f"select width_bucket({value[name]}, %s::{kind[name]}), count(*) from ({text}) as s group by 1",
                [*given, list(edges), *params],
            )
            counts = dict(cursor.fetchall())
        around = [None, *edges, None]
        found[name] = [(around[i], around[i + 1], counts.get(i, 0)) for i in range(BANDS + 1)]
    return found
