"""When hosts are free. Pure arithmetic over moments: it knows no meeting, only that time is taken."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from marketing.booking.columns import DAY, Minutes

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Rules:
    """What a page says: meetings of ``length`` may begin every ``every`` within the hours of ``week``, from ``earliest`` until
    the day ``last`` in ``zone``; ``before`` and ``after`` stay free around each."""

    length: timedelta
    every: timedelta
    week: Sequence[Sequence[Minutes]]
    zone: ZoneInfo
    earliest: datetime
    last: date
    before: timedelta = timedelta()
    after: timedelta = timedelta()
    per_day: int | None = None
    together: bool = False


class Taken:
    """Spans of time, asked whether anything of them lies within another."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.starts: list[datetime] = []
        self.ends: list[datetime] = []
        for start, end in sorted(spans):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.starts.append(start)
                self.ends.append(end)

    def within(self, start: datetime, end: datetime) -> bool:
        """Whether something is taken after ``start`` and before ``end``."""
        place = bisect_right(self.ends, start)
        return place < len(self.starts) and self.starts[place] < end


@dataclass(frozen=True)
class Host:
    """What is known of one host: ``taken`` is time taken, ``held`` the same with what earlier bookings keep free around them,
    ``special`` the days that differ from their weekday (whether worked), ``booked`` how many were booked by the page on a day."""

    pk: int
    taken: Sequence[Span] = ()
    held: Sequence[Span] = ()
    special: Mapping[date, bool] = field(default_factory=dict)
    booked: Mapping[date, int] = field(default_factory=dict)

    @cached_property
    def _taken(self) -> Taken:
        return Taken(self.taken)

    @cached_property
    def _held(self) -> Taken:
        return Taken(self.held)

    def hours(self, rules: Rules, day: date) -> Sequence[Minutes]:
        """The hours in which meetings with this host may lie on a day."""
        usual = rules.week[day.weekday()]
        worked = self.special.get(day)
        if worked is None:
            return usual
        return (usual or rules.week[0]) if worked else ()

    def is_free(self, rules: Rules, start: datetime) -> bool:
        """Whether nothing stands against a meeting that begins then: what was there before, and what either keeps free."""
        end = start + rules.length
        return not (self._taken.within(start - rules.before, end + rules.after) or self._held.within(start, end))

    def may_take(self, rules: Rules, day: date) -> bool:
        """Whether the host has not as many as a day may have."""
        return rules.per_day is None or self.booked.get(day, 0) < rules.per_day


def moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """So many minutes by the clock on a day, in UTC."""
    day, minutes = (day + timedelta(days=1), 0) if minutes == DAY else (day, minutes)
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)


def starts(rules: Rules, host: Host, day: date) -> Iterator[datetime]:
    """When meetings with the host may begin on a day, whatever stands in the calendar."""
    for first, last in host.hours(rules, day):
        start, end = moment(day, first, rules.zone), moment(day, last, rules.zone)
        while start + rules.length <= end:
            yield start
            start += rules.every


def free(rules: Rules, hosts: Sequence[Host], start: datetime, end: datetime) -> dict[datetime, list[int]]:
    """The moments from ``start`` until before ``end`` when a meeting may begin, in order, with the hosts who are free then."""
    found: dict[datetime, dict[int, None]] = {}
    first = max(start, rules.earliest)
    day = first.astimezone(rules.zone).date()
    until = min(rules.last, end.astimezone(rules.zone).date())
    while day <= until:
        for host in hosts:
            if host.may_take(rules, day):
                for at in starts(rules, host, day):
                    if first <= at < end and host.is_free(rules, at):
                        found.setdefault(at, {})[host.pk] = None
        day += timedelta(days=1)
    return {at: list(found[at]) for at in sorted(found) if not rules.together or len(found[at]) == len(hosts)}
