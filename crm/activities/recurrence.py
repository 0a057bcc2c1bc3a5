"""Rules by which activities repeat (RFC 5545, RRULE): read, checked, built, told in words and counted out in local time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = {
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYDAY",
    "BYMONTHDAY",
    "BYMONTH",
    "BYSETPOS",
    "BYWEEKNO",
    "BYYEARDAY",
}
# A rule must come round at least once in so many years, or it is a mistake.
HORIZON = timedelta(days=366 * 8)
MOST = 1000


def parts_of(rule: str) -> dict[str, str]:
    """``{"FREQ": "WEEKLY", …}``; ValidationError where it is no rule by which whole days repeat."""
    text = rule.strip().upper().removeprefix("RRULE:")
    pairs = [part.split("=", 1) for part in text.split(";") if part]
    if not pairs or len(text) > 300 or any(len(pair) != 2 or not pair[1] for pair in pairs):
        raise ValidationError(_("This is no rule by which something repeats."))
    parts = dict(pairs)
    if len(parts) != len(pairs) or not parts.keys() <= PARTS or parts.get("FREQ") not in FREQUENCIES:
        raise ValidationError(_("Activities repeat by day, week, month or year."))
    if not all(
        re.fullmatch(r"\d{1,3}", parts.get(name, "1")) and int(parts.get(name, "1")) for name in ("INTERVAL", "COUNT")
    ):
        raise ValidationError(_("Enter whole numbers between 1 and 999."))
    return parts


def text_of(parts: dict[str, str]) -> str:
    """The rule in one spelling."""
    order = [name for name in ("FREQ", "INTERVAL", *sorted(PARTS)) if name in parts]
    return ";".join(f"{name}={parts[name]}" for name in dict.fromkeys(order))


def settled(rule: str, start: datetime, zone: ZoneInfo) -> str:
    """The rule as it is kept: checked, and with its last day instead of a number of times.

    A rule with an end by day can be continued from any of its occurrences. ValidationError where it never comes round.
    """
    parts = parts_of(rule)
    first = list(occurrences(text_of(parts), start, zone, until=start + HORIZON, most=1))
    if not first and not ("COUNT" in parts or "UNTIL" in parts):
        raise ValidationError(_("By this rule it would not come round within eight years."))
    if count := parts.pop("COUNT", None):
        if "UNTIL" in parts:
            raise ValidationError(_("A rule ends after a number of times or on a day, not both."))
        found = list(occurrences(text_of(parts), start, zone, until=start + HORIZON * 4, most=int(count) - 1))
        last = found[-1] if found else start
        parts["UNTIL"] = _day_text(last.astimezone(zone).date())
    return text_of(parts)


def ended(rule: str, last: date) -> str:
    """The rule with ``last`` as its last day."""
    parts = parts_of(rule)
    parts.pop("COUNT", None)
    return text_of(parts | {"UNTIL": _day_text(last)})


def occurrences(rule: str, start: datetime, zone: ZoneInfo, *, until: datetime, most: int = MOST) -> Iterator[datetime]:
    """The moments after ``start`` at which it comes round, up to ``until``, at the same local time whatever the season.

    A local time that a change of the clocks leaves out is read with the offset before the gap, as RFC 5545 says.
    """
    parts = parts_of(rule)
    local = start.astimezone(zone).replace(tzinfo=None)
    last = until.astimezone(zone).replace(tzinfo=None)
    if told := parts.pop("UNTIL", None):
        last = min(last, _until(told, zone))
    made = 0
    for moment in _rule(parts, local, last):
        if moment <= local:
            continue
        if made >= most:
            return
        made += 1
        yield moment.replace(tzinfo=zone).astimezone(UTC)


def _rule(parts: dict[str, str], local: datetime, last: datetime) -> rrule:
    try:
        found = rrulestr(text_of(parts), dtstart=local, ignoretz=True)
        return found.replace(until=last) if "COUNT" not in parts else found
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise ValidationError(_("This is no rule by which something repeats.")) from error


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last local moment that UNTIL lets through: the end of a day, or a moment in UTC or local time."""
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", text)
    try:
        year, month, day, *clock = match.groups()  # type: ignore[union-attr]
        if clock[0] is None:
            return datetime.combine(date(int(year), int(month), int(day)), time.max)
        moment = datetime(int(year), int(month), int(day), *map(int, clock[:3]))  # noqa: DTZ001 - local, as rules count
    except (AttributeError, ValueError) as error:
        raise ValidationError(_("The rule does not end on a day that exists.")) from error
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if clock[3] else moment


def _day_text(day: date) -> str:
    return f"{day:%Y%m%d}"


def build(
    frequency: str,
    start: datetime,
    zone: ZoneInfo,
    *,
    interval: int = 1,
    weekdays: Sequence[int] = (),
    by: str = "day",
    until: date | None = None,
    count: int | None = None,
) -> str:
    """A rule from what a form asks: weekly on some weekdays; monthly by the day, its last day, or its weekday in the month.

    What falls on the 29th to 31st takes the last day of months that are shorter.
    """
    local = start.astimezone(zone)
    parts = {"FREQ": frequency.upper()}
    if interval > 1:
        parts["INTERVAL"] = str(interval)
    if frequency == "weekly":
        parts["BYDAY"] = ",".join(DAYS[day] for day in sorted({*weekdays} or {local.weekday()}))
    elif frequency == "monthly":
        parts |= _month_part(local, by)
    elif frequency == "yearly" and (local.month, local.day) == (2, 29):
        parts |= {"BYMONTH": "2", **_or_last(29)}
    if until:
        parts["UNTIL"] = _day_text(until)
    elif count:
        parts["COUNT"] = str(count)
    return text_of(parts)


def _month_part(local: datetime, by: str) -> dict[str, str]:
    if by == "last":
        return {"BYMONTHDAY": "-1"}
    if by == "weekday":
        nth = (local.day - 1) // 7 + 1
        return {"BYDAY": f"{nth if nth < 5 else -1}{DAYS[local.weekday()]}"}
    return _or_last(local.day) if local.day > 28 else {"BYMONTHDAY": str(local.day)}


def _or_last(day: int) -> dict[str, str]:
    return {"BYMONTHDAY": ",".join(str(n) for n in range(28, day + 1)), "BYSETPOS": "-1"}


def moved(rule: str, before: datetime, after: datetime) -> str:
    """The rule after an occurrence was moved from one local moment to another: its weekdays or days of the month go along.

    ValidationError where the rule names days that can't simply be shifted.
    """
    days = (after.date() - before.date()).days
    parts = parts_of(rule)
    if not days:
        return rule
    if parts["FREQ"] == "WEEKLY" and "BYDAY" in parts:
        parts["BYDAY"] = ",".join(DAYS[(DAYS.index(day) + days) % 7] for day in parts["BYDAY"].split(","))
    elif parts["FREQ"] == "MONTHLY" and parts.keys() & {"BYDAY", "BYMONTHDAY"}:
        by = "weekday" if "BYDAY" in parts else "last" if parts["BYMONTHDAY"] == "-1" else "day"
        if by == "last":
            by = "day"
        kept = {name: value for name, value in parts.items() if name not in {"BYDAY", "BYMONTHDAY", "BYSETPOS"}}
        parts = kept | _month_part(after, by)
    elif parts.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYWEEKNO", "BYYEARDAY"}:
        raise ValidationError(_("Change the rule itself: its days can't simply be moved."))
    if until := parts.get("UNTIL"):
        last = _until(until, ZoneInfo("UTC")).date() + timedelta(days=max(days, 0))
        parts["UNTIL"] = _day_text(last)
    return text_of(parts)


def in_words(rule: str) -> str:
    """“Every 2 weeks on Monday and Thursday, until 2026-12-31”."""
    parts = parts_of(rule)
    n = int(parts.get("INTERVAL", "1"))
    said = {
        "DAILY": ngettext("Every day", "Every %(n)d days", n),
        "WEEKLY": ngettext("Every week", "Every %(n)d weeks", n),
        "MONTHLY": ngettext("Every month", "Every %(n)d months", n),
        "YEARLY": ngettext("Every year", "Every %(n)d years", n),
    }[parts["FREQ"]] % {"n": n}
    if days := _days_in_words(parts):
        said = _("%(often)s on %(days)s") % {"often": said, "days": days}
    if until := parts.get("UNTIL"):
        last = _until(until, ZoneInfo("UTC")).date()
        said = _("%(often)s, until %(day)s") % {"often": said, "day": date_format(last, "Y-m-d")}
    return said


def _days_in_words(parts: dict[str, str]) -> str:
    if by_day := parts.get("BYDAY"):
        return "、".join(_weekday(item) for item in by_day.split(","))
    days = parts.get("BYMONTHDAY", "").split(",")
    if days == [""]:
        return ""
    if days[-1] == "-1":
        return _("the last day")
    last = _("the %(day)s. or last day") if parts.get("BYSETPOS") == "-1" else _("the %(day)s.")
    return last % {"day": days[-1]}


def _weekday(item: str) -> str:
    name = str(WEEKDAYS[DAYS.index(item[-2:])])
    nth = item[:-2]
    if not nth:
        return name
    return _("the last %(day)s") % {"day": name} if nth == "-1" else _("%(day)s no. %(n)s") % {"day": name, "n": nth}
