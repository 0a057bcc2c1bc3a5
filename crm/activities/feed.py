"""A person's calendar for other programs (iCalendar, RFC 5545): what they may see, at a secret address of their own."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from crm.activities import schedule
from crm.activities.models import CalendarFeed, Participant, Task
from crm.activities.repeating import zone_of
from crm.entities.bound import BoundEntity
from crm.users.models import User

# So much is told of what was and of what will be.
BEFORE, AFTER = timedelta(days=90), timedelta(days=400)
MOST = 3000
_signer = Signer(salt="activities.calendar-feed")
STATUS = {"open": "CONFIRMED", "doing": "CONFIRMED", "done": "CONFIRMED", "cancelled": "CANCELLED"}
ANSWERS = {
    Participant.State.INVITED: "NEEDS-ACTION",
    Participant.State.ACCEPTED: "ACCEPTED",
    Participant.State.TENTATIVE: "TENTATIVE",
    Participant.State.DECLINED: "DECLINED",
}


def address_of(feed: CalendarFeed) -> str:
    """The secret address: good for this purpose alone, and as long as the feed is there."""
    return settings.PUBLIC_URL + reverse("activities:feed", args=[_signer.sign(feed.key)])


def feed_of(token: str) -> CalendarFeed | None:
    """The feed behind a token; None where it is wrong, taken away, or its person has no account any more."""
    try:
        key = _signer.unsign(token)
    except BadSignature:
        return None
    return CalendarFeed.objects.select_related("user").filter(key=key, user__is_active=True).first()


def calendar_of(user: User, now: datetime | None = None) -> bytes:
    """The person's activities as a calendar file, in their language; the same bytes as long as nothing has changed."""
    now = now or timezone.now()
    with translation.override(user.language or settings.LANGUAGE_CODE):
        bound = schedule.bound_for(user)
        made = Calendar()
        made.add("prodid", f"-//{settings.COMPANY_NAME}//CRM//")
        made.add("version", "2.0")
        made.add("calscale", "GREGORIAN")
        made.add("method", "PUBLISH")
        made.add("x-wr-calname", f"{settings.COMPANY_NAME} · {user}")
        made.add("x-published-ttl", "PT15M")
        readable = bound.readable(["due_at", "ends_at"]) if bound.can("view") else {}
        if len(readable) == 2:
            for task in _tasks(bound, user, now):
                made.add_component(_event(task, bound, zone_of(user)))
        return made.to_ical()


def _tasks(bound: BoundEntity, user: User, now: datetime) -> list[Task]:
    rows = bound.records().filter(schedule.of_people([user.pk]), schedule.on_calendar(now - BEFORE, now + AFTER))
    return list(rows.select_related("owner").prefetch_related("participants__user").order_by("due_at", "pk")[:MOST])


def _event(task: Task, bound: BoundEntity, zone: ZoneInfo) -> Event:
    """What stands in it is what the person may read of it; plain texts, which the library escapes."""
    shown = {
        field.name: field.text(task) for field in bound.visible(("subject", "place", "description", "kind", "status"))
    }
    made = Event()
    made.add("uid", f"task-{task.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'crm'}")
    made.add("dtstamp", task.updated_at)
    made.add("last-modified", task.updated_at)
    made.add("created", task.created_at)
    made.add("sequence", task.version - 1)
    made.add("summary", _summary(task, shown))
    _times(made, task, zone)
    if shown.get("place"):
        made.add("location", shown["place"])
    words = [shown.get("description", ""), settings.PUBLIC_URL + bound.url("record", task.pk)]
    made.add("description", "\n\n".join(filter(None, words)))
    made.add("url", settings.PUBLIC_URL + bound.url("record", task.pk))
    made.add("status", STATUS[task.status])
    made.add("transp", "OPAQUE" if task.ends_at else "TRANSPARENT")
    if "kind" in shown:
        made.add("categories", [shown["kind"]])
    for one in task.participants.all():
        if one.user_id and one.user.email:
            made.add("attendee", _attendee(one), encode=0)
    return made


def _summary(task: Task, shown: dict[str, str]) -> str:
    name = shown.get("subject") or shown.get("kind") or _("Activity")
    return f"✓ {name}" if task.status == Task.Status.DONE else name


def _times(made: Event, task: Task, zone: ZoneInfo) -> None:
    if task.all_day:
        first = task.due_at.astimezone(zone).date()
        last = task.ends_at.astimezone(zone).date() if task.ends_at else first
        made.add("dtstart", first)
        made.add("dtend", max(last, first + timedelta(days=1)))
        return
    made.add("dtstart", task.due_at)
    if task.ends_at:
        made.add("dtend", task.ends_at)


def _attendee(one: Participant) -> Any:
    found = vCalAddress(f"mailto:{one.user.email}")
    found.params["CN"] = vText(str(one.user))
    found.params["PARTSTAT"] = vText(ANSWERS[Participant.State(one.state)])
    return found


def etag_of(content: bytes) -> str:
    """The mark of one state of the calendar."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
