"""Columns that are typed as people say them: the hours of a day, lengths of meetings, a time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

Minutes = tuple[int, int]
"""From and until, in minutes after midnight."""
DAY = 24 * 60
SHORTEST, LONGEST, MOST_LENGTHS, MOST_SPANS = 5, 480, 6, 6
EARLIEST = 7 * 24
_SPAN = re.compile(r"(\d{1,2})[:：.](\d{2})\s*(?:-|–|—|~|～|至|到|to)\s*(\d{1,2})[:：.](\d{2})", re.ASCII)
_BETWEEN = re.compile(r"[,，、;；\s]+")


def read_hours(text: str) -> tuple[Minutes, ...]:
    """“9:00-12:00, 13:30-18:00” as spans in order. ValueError where that can't be read or a span overlaps another."""
    spans = []
    for found in _SPAN.finditer(text):
        hour, minute, until, last = map(int, found.groups())
        if minute > 59 or last > 59 or not hour * 60 + minute < until * 60 + last <= DAY:
            raise ValueError(found.group())
        spans.append((hour * 60 + minute, until * 60 + last))
    rest = _BETWEEN.sub("", _SPAN.sub("", text))
    spans.sort()
    touching = any(one[1] > two[0] for one, two in zip(spans, spans[1:], strict=False))
    if rest or touching or len(spans) > MOST_SPANS:
        raise ValueError(text)
    return tuple(spans)


def write_hours(spans: Sequence[Minutes]) -> str:
    """The spans as they are kept."""
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans)


def spans_of(text: str) -> tuple[Minutes, ...]:
    """What is kept as spans; nothing where it can't be read."""
    try:
        return read_hours(text)
    except ValueError:
        return ()


def lengths_of(text: str) -> tuple[int, ...]:
    """“30, 60” as minutes; nothing where it can't be read."""
    return _numbers(text, SHORTEST, LONGEST)


def hours_before(text: str) -> tuple[int, ...]:
    """“24, 1” as hours before a meeting; nothing where it can't be read."""
    return _numbers(text, 1, EARLIEST)


def _numbers(text: str, least: int, most: int) -> tuple[int, ...]:
    parts = [part for part in _BETWEEN.split(text) if part]
    if not parts or len(parts) > MOST_LENGTHS or not all(p.isascii() and p.isdigit() and len(p) < 4 for p in parts):
        return ()
    found = tuple(sorted({int(part) for part in parts}))
    return found if all(least <= one <= most for one in found) else ()


def zones() -> list[tuple[str, str]]:
    """The time zones that may be chosen."""
    return [(zone, zone) for zone in sorted(available_timezones()) if "/" in zone and not zone.startswith("Etc/")]


class _Typed(models.CharField):
    """A text with a form of its own; in the database it is just text."""

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        """What is looked for need not be what could be kept."""
        return models.Field.get_prep_value(self, value)


class HoursField(_Typed):
    """The hours of one weekday; empty: none."""

    def to_python(self, value: Any) -> Any:
        try:
            return value if value is None else write_hours(read_hours(str(value)))
        except ValueError:
            raise ValidationError(_("Enter hours such as 09:00-12:00, 13:30-18:00."), code="hours") from None


class LengthsField(_Typed):
    """How long meetings may be, in minutes."""

    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return value
        if not (found := lengths_of(str(value))):
            raise ValidationError(_("Enter up to six lengths from 5 to 480 minutes: 30, 60."), code="lengths")
        return ", ".join(map(str, found))


class RemindersField(_Typed):
    """When visitors are reminded, in hours before the meeting; empty: never."""

    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return value
        if not (found := hours_before(str(value))):
            raise ValidationError(_("Enter up to six numbers of hours from 1 to 168: 24, 1."), code="hours_before")
        return ", ".join(map(str, reversed(found)))
