"""How long before an activity people are reminded of it: written in words, kept as minutes (“15,1440”)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext, pgettext

NEVER = "never"
MINUTE, HOUR, DAY, WEEK = 1, 60, 1440, 10080
LONGEST = 90 * DAY
MOST = 5
OFFERED = (0, 5, 15, 30, HOUR, 2 * HOUR, DAY, 2 * DAY, WEEK)
NOT_AT_ALL, AT_ONCE = gettext_noop("Not at all"), gettext_noop("When it begins or is due")

_UNITS = {
    MINUTE: "分钟|分|minutes?|mins?|m",
    HOUR: "个?小时|个?钟头|时|hours?|hrs?|h",
    DAY: "天|日|days?|d",
    WEEK: "个?星期|周|weeks?|w",
}
_TIME = re.compile(
    r"(?:提前|before)?\s*(\d{1,7}(?:\.\d{1,2})?)\s*(?:"
    + "|".join(f"(?P<u{unit}>{words})" for unit, words in _UNITS.items())
    + r")?\s*(?:before|前)?",
    re.IGNORECASE | re.ASCII,
)
_BETWEEN = re.compile(r"[,，、;；\n]+")


def parse(given: Any) -> str:
    """Words, or minutes, as they are kept: ascending, each once; "" for nothing, “never”. ValidationError says what to write."""
    parts = given if isinstance(given, list | tuple) else _BETWEEN.split(str(given or ""))
    found = {_minutes(part) for part in (str(part).strip() for part in parts) if part}
    if found == {NEVER}:
        return NEVER
    if NEVER in found:
        raise ValidationError(_("Choose times, or not at all."), code="invalid")
    if len(found) > MOST:
        raise ValidationError(_("At most %(count)d reminders."), params={"count": MOST}, code="invalid")
    return ",".join(str(minutes) for minutes in sorted(minutes for minutes in found if isinstance(minutes, int)))


def _minutes(part: str) -> int | str:
    if part.casefold() in {NEVER, "不提醒", NOT_AT_ALL.casefold(), _(NOT_AT_ALL).casefold()}:
        return NEVER
    if part.casefold() in {AT_ONCE.casefold(), _(AT_ONCE).casefold()}:
        return 0
    match = _TIME.fullmatch(part)
    if match is None:
        raise ValidationError(
            _("Write “%(part)s” as a time before it begins: 45 minutes, 3 hours, 2 days."),
            params={"part": part[:40]},
            code="invalid",
        )
    unit = next((unit for unit in _UNITS if match[f"u{unit}"]), MINUTE)
    minutes = round(float(match[1]) * unit)
    if minutes > LONGEST:
        raise ValidationError(_("At most %(days)d days before."), params={"days": LONGEST // DAY}, code="invalid")
    return minutes


def minutes_of(kept: str) -> list[int]:
    """The minutes of what is kept; none for “never”, for "" and for what is not understood."""
    try:
        found = parse(kept)
    except ValidationError:
        return []
    return [] if found in ("", NEVER) else [int(part) for part in found.split(",")]


def words(minutes: int) -> str:
    """“2 hours before”, in the largest unit that fits."""
    if minutes == 0:
        return _(AT_ONCE)
    if minutes % WEEK == 0:
        return ngettext("%(n)d week before", "%(n)d weeks before", minutes // WEEK) % {"n": minutes // WEEK}
    if minutes % DAY == 0:
        return ngettext("%(n)d day before", "%(n)d days before", minutes // DAY) % {"n": minutes // DAY}
    if minutes % HOUR == 0:
        return ngettext("%(n)d hour before", "%(n)d hours before", minutes // HOUR) % {"n": minutes // HOUR}
    return ngettext("%(n)d minute before", "%(n)d minutes before", minutes) % {"n": minutes}


def told(kept: str) -> str:
    """What is kept, in words that ``parse`` reads again."""
    return (
        _(NOT_AT_ALL)
        if kept == NEVER
        else pgettext("between values", ", ").join(words(minutes) for minutes in minutes_of(kept))
    )


def option(kept: str) -> tuple[str, str]:
    return kept, told(kept)


def offers(asked: str) -> list[tuple[str, str]]:
    """(kept, words) to choose from while somebody types: the usual ones, or the number that was typed in every unit."""
    asked = asked.strip()
    if not asked:
        return [*(option(str(minutes)) for minutes in OFFERED), option(NEVER)]
    if re.fullmatch(r"[0-9]{1,5}", asked):
        given = (int(asked) * unit for unit in _UNITS)
        return [option(str(minutes)) for minutes in dict.fromkeys(given) if minutes <= LONGEST]
    try:
        return [option(found)] if (found := parse([asked])) else []
    except ValidationError:
        return [one for one in offers("") if asked.casefold() in one[1].casefold()]


class LeadTimesWidget(forms.SelectMultiple):
    """Several times: the usual ones to choose from, any other by typing a number."""

    def __init__(self, attrs: Any = None) -> None:
        url = reverse_lazy("activities:lead_times")
        super().__init__({"data-remote": url, "placeholder": gettext_lazy("As each person prefers"), **(attrs or {})})

    def format_value(self, value: Any) -> list[str]:
        chosen = value if isinstance(value, list | tuple) else _BETWEEN.split(str(value or ""))
        return [str(one) for one in chosen if str(one)]

    def optgroups(self, name: str, value: Iterable[str], attrs: Any = None) -> list:
        known = dict(offers(""))
        chosen = list(value)
        pairs = {**known, **{one: known.get(one) or told(one) or one for one in chosen}}
        made = [self.create_option(name, one, text, one in chosen, at) for at, (one, text) in enumerate(pairs.items())]
        return [(None, made, 0)]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.getlist(name) if hasattr(data, "getlist") else data.get(name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # nothing chosen sends nothing


class LeadTimesInput(forms.Field):
    """Times before an activity, chosen or written in words."""

    widget = LeadTimesWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("max_length", None)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        if isinstance(value, dict | set) or (isinstance(value, str) and "\x00" in value):
            raise ValidationError(_("Enter a single value."), code="invalid")
        return parse(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return parse(initial) != parse(data)
        except ValidationError:
            return True


class LeadTimesField(models.CharField):
    """Times before an activity as one column: minutes and commas; see ``parse``."""

    unsaid = gettext_lazy("As each person prefers")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 60
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def to_python(self, value: Any) -> Any:
        return value if value is None else parse(value)

    def told(self, value: str) -> str:
        """A value as people read it."""
        return told(value)

    def formfield(self, **kwargs: Any) -> forms.Field:
        chosen = {name: kwargs[name] for name in ("label", "help_text", "required", "initial") if name in kwargs}
        kept = {"label": self.verbose_name[:1].upper() + self.verbose_name[1:], "help_text": self.help_text}
        return LeadTimesInput(**({"required": not self.blank} | kept | chosen))
