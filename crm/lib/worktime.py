"""Working time: which moments count, and where one arrives after so much of it. Pure arithmetic, the one oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

Span = tuple[time, time]
# However empty a calendar is, nobody looks further than this for the next working moment.
HORIZON = 3660


@dataclass(frozen=True)
class WorkTime:
    """The spans of each weekday (Monday first, in order, not overlapping) and of single days that differ: holidays have none.

    A span that ends at ``time.max`` ends at midnight.
    """

    week: tuple[Sequence[Span], ...]
    exceptions: Mapping[date, Sequence[Span]] = field(default_factory=lambda: MappingProxyType({}))
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working spans of one day in UTC, where subtraction knows of summer time."""
        return [(self._moment(day, start), self._moment(day, end)) for start, end in self._given(day)]

    def _given(self, day: date) -> Sequence[Span]:
        return self.exceptions[day] if day in self.exceptions else self.week[day.weekday()]

    def _moment(self, day: date, clock: time) -> datetime:
        if clock == time.max:
            day, clock = day + timedelta(days=1), time.min
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def is_working(self, at: datetime) -> bool:
        """Whether ``at`` (aware) lies in working time; the end of a span does not."""
        return any(start <= at < end for start, end in self.spans(at.astimezone(self.zone).date()))

    def is_working_day(self, day: date) -> bool:
        return bool(self._given(day))

    def next_working(self, at: datetime) -> datetime:
        """``at`` itself when it is working time, else the beginning of the next span."""
        for start, end in self._from(at):
            return max(start, at) if at < end else start
        return at

    def after(self, at: datetime, work: timedelta) -> datetime:
        """The moment when ``work`` of working time has passed since ``at``; ``at`` plus it when nothing ever works."""
        left = work
        for start, end in self._from(at):
            begin = max(start, at)
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return at + work

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; negative when they are the wrong way round."""
        if end < start:
            return -self.between(end, start)
        total = timedelta()
        for first, last in self._from(start):
            if first >= end:
                break
            total += min(last, end) - max(first, start)
        return total

    def days_after(self, at: datetime, days: int) -> datetime:
        """The end of the ``days``-th working day after the day of ``at`` (0: of that day, or of the next that works)."""
        day = at.astimezone(self.zone).date()
        if days == 0 and self.is_working_day(day):
            return self.spans(day)[-1][1]
        left = max(days, 1)
        for step in range(1, HORIZON):
            if self.is_working_day(day + timedelta(days=step)):
                left -= 1
                if not left:
                    return self.spans(day + timedelta(days=step))[-1][1]
        return at + timedelta(days=days)

    def _from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans that end after ``at``, in order."""
        day = at.astimezone(self.zone).date()
        for step in range(HORIZON):
            for start, end in self.spans(day + timedelta(days=step)):
                if end > at:
                    yield start, end


ALWAYS = WorkTime(week=((((time.min, time.max),)),) * 7)
