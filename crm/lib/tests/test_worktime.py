"""Working time against a clock that walks minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from crm.lib.worktime import ALWAYS, WorkTime

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = [(time(9), time(12)), (time(13, 30), time(18))]
# National Day 2026: 1 to 7 October off, Saturday the 10th worked instead.
CHINA = WorkTime(
    week=(OFFICE,) * 5 + ((), ()),
    exceptions={**{date(2026, 10, day): () for day in range(1, 8)}, date(2026, 10, 10): OFFICE},
)


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def test_a_holiday_is_skipped_and_the_saturday_worked_instead_counts():
    assert CHINA.after(at(30, 17, month=9), timedelta(hours=2)) == at(8, 10)
    assert CHINA.after(at(9, 17, 30), timedelta(hours=1)) == at(10, 9, 30)
    assert CHINA.between(at(30, 9, month=9), at(12, 9)) == timedelta(hours=7.5 * 4)
    assert not CHINA.is_working(at(1, 10)) and CHINA.is_working(at(10, 10)) and not CHINA.is_working(at(10, 12))
    assert CHINA.next_working(at(1, 10)) == at(8, 9) and CHINA.next_working(at(8, 10, 5)) == at(8, 10, 5)


def test_working_days_end_with_the_day():
    assert CHINA.days_after(at(30, 15, month=9), 3) == at(10, 18)
    assert CHINA.days_after(at(4, 15), 0) == at(8, 18)
    assert CHINA.days_after(at(9, 8), 0) == at(9, 18)


def test_summer_time_neither_adds_nor_loses_an_hour():
    berlin = ZoneInfo("Europe/Berlin")
    nights = WorkTime(week=([(time.min, time.max)],) * 7, zone=berlin)
    before = datetime(2026, 3, 28, 12, tzinfo=berlin)
    assert nights.after(before, timedelta(hours=24)) == datetime(2026, 3, 29, 13, tzinfo=berlin)


def test_always_is_the_plain_clock_and_never_gives_up():
    assert ALWAYS.after(at(1, 0), timedelta(days=3)) == at(4, 0)
    never = WorkTime(week=((),) * 7)
    assert never.after(at(1, 0), timedelta(hours=5)) == at(1, 5)


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 20 * 24 * 60).map(lambda m: datetime(2026, 9, 25, tzinfo=UTC) + timedelta(minutes=m)),
    minutes=st.integers(0, 3000),
)
def test_equal_to_counting_every_minute(start: datetime, minutes: int):
    end, counted, moment = start + timedelta(minutes=minutes), 0, start
    while moment < end:
        counted += CHINA.is_working(moment)
        moment += timedelta(minutes=1)
    assert CHINA.between(start, end) == timedelta(minutes=counted)
    arrived = CHINA.after(start, timedelta(minutes=minutes))
    assert CHINA.between(start, arrived) == timedelta(minutes=minutes)
    assert minutes == 0 or CHINA.is_working(arrived - timedelta(minutes=1))
