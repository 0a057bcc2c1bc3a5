"""A calendar to start with: a five-day week and the public holidays of China that are known."""

from datetime import time

import chinese_calendar
from django.db import migrations

NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
FIRST = 2025


def load(apps, schema_editor):
    calendar = apps.get_model("reference", "WorkingCalendar").objects.create(name="标准工作日历", is_default=True)
    hours, day = apps.get_model("reference", "WorkingHours"), apps.get_model("reference", "SpecialDay")
    spans = ((time(9), time(12)), (time(13, 30), time(18)))
    hours.objects.bulk_create(
        hours(calendar=calendar, weekday=weekday, start=start, end=end) for weekday in range(5) for start, end in spans
    )
    known = chinese_calendar.constants
    day.objects.bulk_create(
        day(calendar=calendar, day=when, works=works, name=NAMES.get(name, name))
        for works, days in ((False, known.holidays), (True, known.workdays))
        for when, name in days.items()
        if when.year >= FIRST
    )


class Migration(migrations.Migration):
    dependencies = [("reference", "0005_working_calendars")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
