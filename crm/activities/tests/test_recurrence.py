"""Rules by which activities repeat, against dateutil as the oracle; seasons, month ends, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm.activities.recurrence import DAYS, build, ended, in_words, moved, occurrences, parts_of, settled

SHANGHAI, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
rules = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 40)),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY={}".format,
        st.integers(1, 6),
        st.sets(st.sampled_from(DAYS), min_size=1).map(lambda days: ",".join(sorted(days, key=DAYS.index))),
    ),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, st.integers(1, 5), st.sampled_from([1, 15, 28, 30, 31, -1])
    ),
    st.builds("FREQ=MONTHLY;BYDAY={}{}".format, st.sampled_from([1, 2, 3, 4, -1]), st.sampled_from(DAYS)),
    st.just("FREQ=YEARLY"),
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)).map(lambda m: m.replace(second=0, microsecond=0))
zones = st.sampled_from([SHANGHAI, BERLIN, NEW_YORK])


@settings(max_examples=120, deadline=None)
@given(rules, moments, zones)
def test_it_comes_round_when_the_oracle_says_at_the_same_local_time(rule, local, zone):
    start = local.replace(tzinfo=zone)
    until = start + timedelta(days=500)
    found = list(occurrences(rule, start, zone, until=until))
    last = until.astimezone(zone).replace(tzinfo=None)
    expected = [m for m in rrulestr(rule, dtstart=local).xafter(local, count=2000) if m <= last]
    assert found == [m.replace(tzinfo=zone).astimezone(UTC) for m in expected]
    assert all(a < b for a, b in pairwise(found))


@settings(max_examples=80, deadline=None)
@given(rules, moments, zones, st.integers(0, 30))
def test_it_can_be_continued_from_each_occurrence(rule, local, zone, at):
    start, until = local.replace(tzinfo=zone), local.replace(tzinfo=zone) + timedelta(days=900)
    found = list(occurrences(rule, start, zone, until=until))
    assume(len(found) > at)
    back = found[at].astimezone(zone).replace(tzinfo=None)
    assume(back.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None).time() == local.time())
    assert list(occurrences(rule, found[at], zone, until=until)) == found[at + 1 :]


@settings(max_examples=60, deadline=None)
@given(rules, moments, zones, st.integers(2, 30))
def test_so_many_times_is_kept_as_a_last_day(rule, local, zone, count):
    start = local.replace(tzinfo=zone)
    kept = settled(f"{rule};COUNT={count}", start, zone)
    assert "COUNT" not in kept
    found = list(occurrences(kept, start, zone, until=start + timedelta(days=366 * 40), most=100))
    free = list(occurrences(rule, start, zone, until=start + timedelta(days=366 * 32), most=count - 1))
    assert found == free


def test_the_clock_on_the_wall_stays_when_the_clocks_change():
    start = datetime(2026, 3, 23, 9, tzinfo=BERLIN)
    found = list(occurrences("FREQ=WEEKLY;BYDAY=MO", start, BERLIN, until=start + timedelta(days=15)))
    assert [m.isoformat() for m in found] == ["2026-03-30T07:00:00+00:00", "2026-04-06T07:00:00+00:00"]
    assert start.astimezone(UTC).hour == 8


def test_a_time_that_the_clocks_leave_out_is_read_with_the_offset_before():
    start = datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN)
    found = next(occurrences("FREQ=DAILY", start, BERLIN, until=start + timedelta(days=2)))
    assert found.isoformat() == "2026-03-29T01:30:00+00:00"  # 03:30 in summer time


@pytest.mark.parametrize(
    ("day", "by", "expected"),
    [
        (31, "day", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        (30, "day", ["2026-02-28", "2026-03-30", "2026-04-30"]),
        (31, "last", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        (15, "day", ["2026-02-15", "2026-03-15", "2026-04-15"]),
        (13, "weekday", ["2026-02-10", "2026-03-10", "2026-04-14"]),  # the second Tuesday
    ],
)
def test_months_that_are_shorter(day, by, expected):
    start = datetime(2026, 1, day, 18, tzinfo=SHANGHAI)
    rule = build("monthly", start, SHANGHAI, by=by)
    found = occurrences(rule, start, SHANGHAI, until=datetime(2026, 5, 1, tzinfo=SHANGHAI))
    assert [m.astimezone(SHANGHAI).date().isoformat() for m in found] == expected


def test_the_29th_of_february_is_the_last_day_in_other_years():
    start = datetime(2024, 2, 29, 9, tzinfo=SHANGHAI)
    rule = build("yearly", start, SHANGHAI)
    found = occurrences(rule, start, SHANGHAI, until=datetime(2028, 12, 31, tzinfo=SHANGHAI))
    days = [m.astimezone(SHANGHAI).date().isoformat() for m in found]
    assert days == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


@pytest.mark.parametrize(
    "rule",
    ["", "FREQ=HOURLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;EXDATE=1", "FREQ=DAILY;FREQ=DAILY",
     "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;UNTIL=20261399", "x" * 400, "FREQ=DAILY;COUNT=99999"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(rule):
    with pytest.raises(ValidationError):
        settled(rule, datetime(2026, 1, 1, 9, tzinfo=SHANGHAI), SHANGHAI)


def test_until_in_utc_is_read_in_local_time():
    start = datetime(2026, 1, 1, 9, tzinfo=SHANGHAI)
    found = list(occurrences("FREQ=DAILY;UNTIL=20260103T005959Z", start, SHANGHAI, until=start + timedelta(days=9)))
    assert len(found) == 1
    assert (
        len(list(occurrences(ended("FREQ=DAILY", date(2026, 1, 3)), start, SHANGHAI, until=start + timedelta(9)))) == 2
    )


def test_weekdays_go_along_when_an_occurrence_is_moved():
    monday, wednesday = datetime(2026, 1, 5, 9), datetime(2026, 1, 7, 10)
    assert parts_of(moved("FREQ=WEEKLY;BYDAY=MO,TH", monday, wednesday))["BYDAY"] == "WE,SA"
    assert moved("FREQ=WEEKLY;BYDAY=MO", monday, monday.replace(hour=15)) == "FREQ=WEEKLY;BYDAY=MO"


def test_it_is_told_in_words():
    with translation.override("en"):
        assert in_words("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO") == "Every 2 weeks on Monday"
        assert in_words("FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20261231") == "Every month on the last day, until 2026-12-31"
