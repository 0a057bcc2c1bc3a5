"""When a step is due, by the working calendar."""

from datetime import UTC, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest

from crm.lib.worktime import WorkTime
from sales.sequences.models import SequenceStep
from sales.sequences.timing import due_after

CHINA = ZoneInfo("Asia/Shanghai")
SPANS = ((time(9), time(12)), (time(13, 30), time(18)))
FRIDAY = datetime(2026, 11, 27).date()
# That Friday is a holiday, the Saturday after it is worked.
WORK = WorkTime((SPANS,) * 5 + ((), ()), MappingProxyType({FRIDAY: (), datetime(2026, 11, 28).date(): SPANS}), CHINA)


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=CHINA).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "wait", "unit", "now", "expected"),
    [
        ("hours", 0, "hours", "23T20:00", "24T09:00"),
        ("hours", 2, "hours", "23T11:00", "23T14:30"),
        ("hours", 1, "days", "23T10:15", "24T10:15"),
        ("hours", 1, "days", "23T20:00", "25T09:00"),
        ("hours", 1, "days", "26T10:15", "28T10:15"),
        ("hours", 2, "days", "26T10:15", "30T10:15"),
        ("days", 1, "days", "26T20:00", "28T20:00"),
        ("days", 5, "hours", "26T20:00", "28T01:00"),
        ("always", 1, "days", "26T20:00", "27T20:00"),
        ("always", 5, "hours", "26T20:00", "27T01:00"),
    ],
)
def test_due(hours, wait, unit, now, expected):
    step = SequenceStep(wait=wait, unit=unit)
    assert due_after(at(now), step, hours, WORK) == at(expected)
