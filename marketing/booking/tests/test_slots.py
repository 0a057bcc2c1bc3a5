"""Free times equal what somebody finds who looks at every minute: random calendars, zones, hours, buffers, summer time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from marketing.booking.columns import HoursField, LengthsField, read_hours, write_hours
from marketing.booking.slots import Host, Rules, free

# Days on which clocks are set on, set back, and neither.
DAYS = [
    date(2026, 3, 28),
    date(2026, 10, 24),
    date(2026, 11, 23),
    date(2027, 3, 13),
    date(2026, 4, 4),
    date(2026, 9, 26),
]
ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
]
WINDOW = 3
minutes = st.integers(0, 24 * 60)
few = st.sampled_from([0, 5, 15, 30, 45])


@st.composite
def weeks(draw):
    """Seven days of up to three spans each."""
    spans = st.lists(st.integers(0, 96), min_size=0, max_size=6, unique=True).map(sorted)
    return [
        tuple((a * 15, b * 15) for a, b in zip(cut[::2], cut[1::2], strict=False))
        for cut in (draw(spans) for _day in range(7))
    ]


@st.composite
def worlds(draw):
    """A page, its hosts with their calendars, and the days that somebody looks at."""
    first, zone = draw(st.sampled_from(DAYS)), ZoneInfo(draw(st.sampled_from(ZONES)))
    begin = datetime.combine(first, time(), UTC)
    rules = Rules(
        length=timedelta(minutes=draw(st.sampled_from([10, 30, 60, 95]))),
        every=timedelta(minutes=draw(st.sampled_from([15, 30, 45, 60]))),
        week=draw(weeks()),
        zone=zone,
        earliest=begin + timedelta(minutes=draw(st.integers(-600, 2000))),
        last=first + timedelta(days=draw(st.integers(0, WINDOW + 1))),
        before=timedelta(minutes=draw(few)),
        after=timedelta(minutes=draw(few)),
        per_day=draw(st.sampled_from([None, 1, 2])),
        together=draw(st.booleans()),
    )
    days = [first + timedelta(days=n) for n in range(-1, WINDOW + 2)]
    hosts = []
    for pk in range(1, draw(st.integers(1, 3)) + 1):
        taken, held = [], []
        # Quarters of an hour, so that meetings often touch.
        for start, length in draw(st.lists(st.tuples(st.integers(-40, 320), st.integers(1, 16)), max_size=6)):
            span = begin + 15 * timedelta(minutes=start), begin + 15 * timedelta(minutes=start + length)
            kept = timedelta(minutes=draw(few)), timedelta(minutes=draw(few))
            taken.append(span)
            held.append((span[0] - kept[0], span[1] + kept[1]))
        special = draw(st.dictionaries(st.sampled_from(days), st.booleans(), max_size=2))
        booked = draw(st.dictionaries(st.sampled_from(days), st.integers(0, 3), max_size=2))
        hosts.append(Host(pk, taken, held, special, booked))
    return rules, hosts, begin, begin + timedelta(days=WINDOW)


def seen(rules, host, at):
    """Whether the host can be met at a moment, asked of every span, the slow and obvious way."""
    end = at + rules.length
    day = at.astimezone(rules.zone).date()
    clear = all(e <= at - rules.before or s >= end + rules.after for s, e in host.taken)
    clear = clear and all(e <= at or s >= end for s, e in host.held)
    return clear and (rules.per_day is None or host.booked.get(day, 0) < rules.per_day)


def grid(rules, host, day):
    """Every beginning of the day by stepping over its hours, each worked out from the clock on the wall."""
    worked = host.special.get(day)
    usual = rules.week[day.weekday()]
    hours = usual if worked is None else (usual or rules.week[0]) if worked else ()
    for first, last in hours:
        midnight = datetime.combine(day + timedelta(days=1), time(), rules.zone).astimezone(UTC)
        a = (
            datetime.combine(day, time(first // 60, first % 60), rules.zone).astimezone(UTC)
            if first < 1440
            else midnight
        )
        b = datetime.combine(day, time(last // 60, last % 60), rules.zone).astimezone(UTC) if last < 1440 else midnight
        n = 0
        while a + n * rules.every + rules.length <= b:
            yield a + n * rules.every
            n += 1


def oracle(rules, hosts, start, end):
    found = {}
    for n in range(-2, WINDOW + 3):
        day = start.date() + timedelta(days=n)
        if day > rules.last:
            continue
        for host in hosts:
            for at in grid(rules, host, day):
                if start <= at < end and at >= rules.earliest and seen(rules, host, at):
                    found.setdefault(at, set()).add(host.pk)
    return {at: who for at, who in found.items() if not rules.together or len(who) == len(hosts)}


@settings(max_examples=250, deadline=None)
@given(worlds())
def test_free_times_equal_the_oracle(world):
    rules, hosts, start, end = world
    found = free(rules, hosts, start, end)
    assert list(found) == sorted(found)
    assert {at: set(who) for at, who in found.items()} == oracle(rules, hosts, start, end)
    assert all(len(who) == len(set(who)) for who in found.values())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("9:00-12:00,13:30-18:00", "09:00-12:00, 13:30-18:00"),
        ("９：00", None),
        ("14:00 至 18:00、9：00—12：00", "09:00-12:00, 14:00-18:00"),
        ("09:00-24:00", "09:00-24:00"),
        ("", ""),
        ("12:00-09:00", None),
        ("09:00-12:00, 11:00-13:00", None),
        ("morning", None),
        ("25:00-26:00", None),
        ("09:70-10:00", None),
    ],
)
def test_hours_as_people_type_them(typed, kept):
    if kept is None:
        with pytest.raises(ValidationError):
            HoursField().to_python(typed)
    else:
        assert HoursField().to_python(typed) == kept == write_hours(read_hours(kept))


def test_lengths_as_people_type_them():
    assert LengthsField().to_python("60，30、30") == "30, 60"
    for wrong in ("4", "481", "x", "30-60", "1,2,3,4,5,6,7"):
        with pytest.raises(ValidationError):
            LengthsField().to_python(wrong)
