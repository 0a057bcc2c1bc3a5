"""Working calendars: hours of the week, holidays and the weekends worked instead of them (调休)."""

from __future__ import annotations

from collections import defaultdict
from datetime import time
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import chinese_calendar
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.lib.worktime import WorkTime
from crm.users.models import Department

OFFICE_HOURS = ((time(9), time(12)), (time(13, 30), time(18)))


class WorkingCalendar(models.Model):
    """When people work: first contacts, reminders and service levels count by it. Not an entity: kept in Django admin.

    A department follows the calendar that names it or its nearest department above, else the default one.
    """

    access = Open()

    name = models.CharField(_("name"), max_length=100, unique=True)
    is_default = models.BooleanField(_("default"), default=False)
    timezone = models.CharField(_("time zone"), max_length=50, default="Asia/Shanghai")
    departments = models.ManyToManyField(
        Department, blank=True, related_name="calendars", verbose_name=_("departments that follow it")
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(
                "is_default",
                condition=models.Q(is_default=True),
                name="one_default_calendar",
                violation_error_message=_("Another calendar is the default one."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.timezone not in available_timezones():
            raise ValidationError({"timezone": _("There is no such time zone.")})


class WorkingHours(models.Model):
    """One span of a weekday in a calendar; an end of 23:59 or later is midnight."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    calendar = models.ForeignKey(WorkingCalendar, models.CASCADE, related_name="hours", verbose_name=_("calendar"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    start = models.TimeField(_("from"), default=time(9))
    end = models.TimeField(_("until"), default=time(18))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["weekday", "start"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end__gt=models.F("start")),
                name="hours_end_after_they_start",
                violation_error_message=_("Work ends after it begins."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class SpecialDay(models.Model):
    """A day that differs from its weekday: a holiday, or a weekend that is worked with the hours of a Monday."""

    calendar = models.ForeignKey(WorkingCalendar, models.CASCADE, related_name="days", verbose_name=_("calendar"))
    day = models.DateField(_("day"))
    works = models.BooleanField(_("worked"), default=False, help_text=_("A weekend worked instead of a holiday."))
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                "calendar",
                "day",
                name="special_day_is_unique",
                violation_error_message=_("The calendar has that day already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


_built: dict[int, tuple[int, WorkTime]] = {}


def worktime_of(user: Any = None) -> WorkTime:
    """The working time that counts for ``user`` (None: the company's default). One query, more after a change."""
    path = user.department.path if user is not None and user.department_id else ""
    calendar = WorkingCalendar.objects.filter(is_default=True).first()
    if path:
        near = WorkingCalendar.objects.filter(departments__in=path.strip("/").split("/"))
        calendar = near.order_by("-departments__path").first() or calendar
    return _worktime(calendar) if calendar else WorkTime(week=(OFFICE_HOURS,) * 5 + ((), ()))


def _worktime(calendar: WorkingCalendar) -> WorkTime:
    known = _built.get(calendar.pk)
    if known is None or known[0] != calendar.version:
        known = _built[calendar.pk] = calendar.version, _build(calendar)
    return known[1]


def _build(calendar: WorkingCalendar) -> WorkTime:
    spans: dict[int, list] = defaultdict(list)
    for hours in calendar.hours.all():
        spans[hours.weekday].append((hours.start, time.max if hours.end >= time(23, 59) else hours.end))
    week = tuple(tuple(spans[weekday]) for weekday in range(7))
    usual = week[0] or OFFICE_HOURS
    days = {special.day: usual if special.works else () for special in calendar.days.all()}
    return WorkTime(week, MappingProxyType(days), ZoneInfo(calendar.timezone))


def load_china_days(calendar: WorkingCalendar, year: int) -> int:
    """Add the public holidays of China in ``year`` and the weekends worked instead; days already there stay.

    Returns how many were added; ValueError when the year has not been announced to the installed calendar.
    """
    if not any(day.year == year for day in chinese_calendar.constants.holidays):
        raise ValueError(year)
    found = [(day, False, name) for day, name in chinese_calendar.constants.holidays.items() if day.year == year]
    found += [(day, True, name) for day, name in chinese_calendar.constants.workdays.items() if day.year == year]
    known = set(calendar.days.values_list("day", flat=True))
    new = [
        SpecialDay(calendar=calendar, day=day, works=works, name=_name(name))
        for day, works, name in found
        if day not in known
    ]
    SpecialDay.objects.bulk_create(new)
    touch(calendar)
    return len(new)


def _name(english: str) -> str:
    return next((holiday.chinese for holiday in chinese_calendar.Holiday if holiday.value == english), english)


def touch(calendar: WorkingCalendar) -> None:
    """Make every process read the calendar anew."""
    WorkingCalendar.objects.filter(pk=calendar.pk).update(version=models.F("version") + 1)


def last_known_year() -> int:
    """The last year whose public holidays the installed calendar of China knows."""
    return max(day.year for day in chinese_calendar.constants.holidays)
