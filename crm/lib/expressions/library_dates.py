"""Functions of days and moments."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.lib.expressions.errors import Failed
from crm.lib.expressions.functions import COUNT, DATES, DAYS, Plain, T, add
from crm.lib.expressions.types import Env, bounded_day, whole
from crm.lib.expressions.values import day_of, months_later, moved


def _date(env: Env, first: Any, month: Decimal | None = None, day: Decimal | None = None) -> datetime.date | None:
    if isinstance(first, str):
        try:
            return bounded_day(datetime.date.fromisoformat(first.strip()))
        except ValueError:
            return None
    if isinstance(first, Decimal):
        numbers = whole(first, 1900, 2200), whole(month or Decimal(1), 1, 12), whole(day or Decimal(1), 1, 31)
        try:
            return datetime.date(*numbers)
        except ValueError as error:
            raise Failed from error
    return day_of(first, env)


def _span(env: Env, start: Any, end: Any) -> Decimal:
    return Decimal((day_of(end, env) - day_of(start, env)).days)


def _day(name: str, usage: Any, text: Any, example: str, takes: tuple, gives: Any, run: Plain, **more: Any) -> None:
    add(name, usage, text, example, DATES, takes, gives, run, **more)


_day(
    "today",
    _("today()"),
    _("This day. The value is worked out anew each night."),
    "today()",
    (),
    T.DATE,
    lambda env: day_of(env.now, env),
)
_day(
    "now",
    _("now()"),
    _("This moment. The value is worked out anew each night."),
    "now()",
    (),
    T.DATETIME,
    lambda env: env.now,
)
_day(
    "date",
    _("date(year, month, day)"),
    _("A day; also of a text such as “2026-01-31”, or of a moment."),
    "date(2026, 1, 31)",
    ((T.NUMBER, T.TEXT, *DAYS), COUNT, COUNT),
    T.DATE,
    _date,
    least=1,
)
_day(
    "days_between",
    _("days_between(start, end)"),
    _("How many days lie between two days; negative when the end is earlier."),
    "days_between(created_at, today())",
    (DAYS, DAYS),
    T.NUMBER,
    _span,
)
_day(
    "workdays_between",
    _("workdays_between(start, end)"),
    _("How many working days come after the start, up to the end, by the company's calendar."),
    "workdays_between(created_at, today())",
    (DAYS, DAYS),
    T.NUMBER,
    lambda env, start, end: Decimal(env.workdays(day_of(start, env), day_of(end, env))),
)
_day(
    "add_days",
    _("add_days(day, count)"),
    _("So many days later; with a negative number earlier."),
    "add_days(close_date, 30)",
    (DAYS, COUNT),
    "first",
    lambda env, day, count: moved(day, whole(count, -200_000, 200_000)),
)
_day(
    "add_months",
    _("add_months(day, count)"),
    _("So many months later; from the 31st to the last day of a shorter month."),
    "add_months(close_date, 1)",
    (DAYS, COUNT),
    "first",
    lambda env, day, count: months_later(day, whole(count, -4000, 4000)),
)
for _part, _usage, _text_of, _take in (
    ("year", _("year(day)"), _("The year of a day."), lambda day: day.year),
    ("month", _("month(day)"), _("The month of a day, 1 to 12."), lambda day: day.month),
    ("day", _("day(day)"), _("The day of the month, 1 to 31."), lambda day: day.day),
    ("weekday", _("weekday(day)"), _("The day of the week: 1 is Monday, 7 is Sunday."), lambda day: day.isoweekday()),
):
    _day(
        _part,
        _usage,
        _text_of,
        f"{_part}(close_date)",
        (DAYS,),
        T.NUMBER,
        lambda env, day, take=_take: Decimal(take(day_of(day, env))),
    )
