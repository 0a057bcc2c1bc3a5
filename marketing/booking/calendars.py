"""What the calendars of hosts say of their time, and nothing else: what meetings are about never leaves this file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from crm.access import policy
from crm.activities.models import Participant, Task
from crm.reference.calendars import worktime_of
from crm.users.models import User
from marketing.booking.models import Booking, BookingPage
from marketing.booking.slots import Host, Rules, Span, free

# Meetings beside the window keep time free within it; no page keeps more than half a day.
BESIDE = timedelta(days=1)
# Who was booked least is asked over the meetings from so long ago on.
LATELY = timedelta(days=30)
MOST_HOSTS = 20


def hosts_of(page: BookingPage) -> list[User]:
    """Whom one meets, in order: who is in the program and may see meetings. Without hosts of its own: the owner."""
    named = page.hosts.filter(deleted_at__isnull=True).order_by("position", "pk").values_list("user", flat=True)
    ids = list(named[:MOST_HOSTS]) or [page.owner_id]
    people = User.objects.select_related("department").in_bulk(ids)
    found = [people[pk] for pk in ids if people[pk].is_active]
    return [user for user in found if policy.can(user, "activities.task", "view")]


def rules_of(page: BookingPage, minutes: int, now: datetime) -> Rules:
    """What the page says about meetings of so many minutes."""
    return Rules(
        length=timedelta(minutes=minutes),
        every=timedelta(minutes=page.every),
        week=page.week,
        zone=page.zone,
        earliest=now + timedelta(hours=page.notice_hours),
        last=now.astimezone(page.zone).date() + timedelta(days=page.days_ahead),
        before=timedelta(minutes=page.buffer_before),
        after=timedelta(minutes=page.buffer_after),
        per_day=page.per_day,
        together=page.hosting == BookingPage.Hosting.ALL,
    )


def free_times(
    page: BookingPage,
    minutes: int,
    start: datetime,
    end: datetime,
    *,
    now: datetime | None = None,
    moving: Booking | None = None,
) -> dict[datetime, list[int]]:
    """When meetings may begin between two moments, with the hosts who are free then. A booking that is moved stays with its host
    and does not stand in its own way."""
    now = now or timezone.now()
    hosts = hosts_of(page)
    if moving is not None and page.hosting == BookingPage.Hosting.ONE:
        hosts = [moving.host]
    if not hosts or end <= start:
        return {}
    rules = rules_of(page, minutes, now)
    # Nothing begins before or after these, however far somebody looks.
    first = max(start, rules.earliest)
    last = min(end, datetime.combine(rules.last, datetime.max.time(), page.zone).astimezone(UTC) + timedelta(hours=1))
    return free(rules, _known(page, hosts, first, last, moving), start, end) if first < last else {}


def _known(page: BookingPage, hosts: Sequence[User], start: datetime, end: datetime, moving: Booking | None) -> list:
    """What the calendars say of each host between two moments."""
    taken, held = _taken([user.pk for user in hosts], start - BESIDE, end + BESIDE, moving)
    booked = _booked(page, start - BESIDE, end + BESIDE, moving)
    special: dict[int, dict[date, bool]] = {}
    if page.holidays:
        special = {u.pk: {day: bool(spans) for day, spans in worktime_of(u).exceptions.items()} for u in hosts}
    alone = page.hosting == BookingPage.Hosting.ONE
    return [Host(u.pk, taken[u.pk], held[u.pk], special.get(u.pk, {}), booked[u.pk if alone else None]) for u in hosts]


def _taken(
    ids: list[int], start: datetime, end: datetime, moving: Booking | None
) -> tuple[dict[int, list[Span]], dict[int, list[Span]]]:
    """Time taken of each person, and the same with what the pages of booked meetings keep free around them."""
    # First what they take part in, by itself: as one question the database would look at everybody's meetings.
    joins = Participant.objects.filter(user__in=ids, task__due_at__lt=end, task__ends_at__gt=start)
    people: dict[int, set[int]] = defaultdict(set)
    for task, user in joins.exclude(state=Participant.State.DECLINED).values_list("task", "user"):
        people[task].add(user)
    rows = Task.objects.filter(
        Q(owner__in=ids) | Q(pk__in=list(people)), deleted_at__isnull=True, due_at__lt=end, ends_at__gt=start
    ).exclude(status=Task.Status.CANCELLED)
    if moving is not None:
        rows = rows.exclude(pk=moving.task_id)
    kept = ("booking__page__buffer_before", "booking__page__buffer_after")
    taken, held = defaultdict(list), defaultdict(list)
    for task, owner, begins, ends, before, after in rows.values_list("pk", "owner", "due_at", "ends_at", *kept):
        around = begins - timedelta(minutes=before or 0), ends + timedelta(minutes=after or 0)
        for person in people[task] | {owner}:
            taken[person].append((begins, ends))
            held[person].append(around)
    return taken, held


def _booked(
    page: BookingPage, start: datetime, end: datetime, moving: Booking | None
) -> dict[int | None, Counter[date]]:
    """How many meetings the page has on each of its days: by host, and of all (None)."""
    found: dict[int | None, Counter[date]] = defaultdict(Counter)
    if page.per_day is None:
        return found
    rows = page.bookings.filter(state=Booking.State.BOOKED, starts_at__range=(start, end))
    for host, at in rows.exclude(pk=moving and moving.pk).values_list("host", "starts_at"):
        day = at.astimezone(page.zone).date()
        found[host][day] += 1
        found[None][day] += 1
    return found


def least_booked(page: BookingPage, ids: Sequence[int], now: datetime) -> int:
    """Of these hosts the one with the fewest meetings of the page lately and to come; the first of several."""
    counted = Count("pk", filter=Q(state=Booking.State.BOOKED, starts_at__gte=now - LATELY))
    rows = page.bookings.filter(host__in=ids).order_by().values_list("host").annotate(n=counted)
    counts = dict(rows)
    return min(ids, key=lambda pk: counts.get(pk, 0))
