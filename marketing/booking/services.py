"""Booking a meeting, moving it, calling it off: what visitors do. The meeting is the truth; bookings follow it (``handlers``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.activities.models import Participant, Task
from crm.activities.reminders import plan_reminders
from crm.activities.services import cancel_task
from crm.activities.services import touch as note_activity
from crm.entities.entity import entity_of
from crm.matching.claims import Collision
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.log import log
from crm.records.models import Record
from crm.users.models import User
from customers.tracing import Touch, add_touch
from marketing.booking import kinds
from marketing.booking.calendars import free_times, hosts_of, least_booked
from marketing.booking.inviting import BOOKED, invite
from marketing.booking.models import Booking, BookingPage
from marketing.webforms.taking import holder_of, known_as, queue_up
from sales.models import Lead

MOST_AHEAD = 3
"""Meetings to come that one person may have by one page."""


class Taken(ValidationError):
    """Nobody is free then (any more)."""


class Over(ValidationError):
    """The meeting was called off, or has begun."""


@dataclass(frozen=True)
class Visitor:
    """Who books, as they typed it; ``answers`` are (question, answer)."""

    name: str
    email: str = ""
    phone: str = ""
    company: str = ""
    answers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    language: str = ""
    timezone: str = ""


@transaction.atomic
def book(page: BookingPage, visitor: Visitor, start: datetime, minutes: int, *, key: str) -> Booking:
    """Book a meeting. The same ``key`` twice is one booking. ``Taken`` where nobody is free then; ValidationError where the
    person has enough of them."""
    hosts = _hold(page)
    if (known := page.bookings.filter(key=key).first()) is not None:
        return known
    chosen = _free_at(page, start, minutes)
    _refuse_many(page, visitor)
    if page.hosting == BookingPage.Hosting.ONE:
        chosen = [least_booked(page, chosen, timezone.now())]
    people = [user for user in hosts if user.pk in chosen]
    person = _person(page, people[0], visitor)
    actor = _actor(page)
    task = _meeting(page, visitor, people, person, start, start + timedelta(minutes=minutes))
    booking = Booking.objects.create(
        page=page,
        key=key,
        task=task,
        host=people[0],
        starts_at=task.due_at,
        ends_at=task.ends_at,
        name=visitor.name,
        email=visitor.email,
        phone=visitor.phone,
        company=visitor.company,
        answers=list(visitor.answers),
        language=visitor.language,
        timezone=visitor.timezone,
        on_entity=person.entity_label() if person else "",
        on_id=person and person.pk,
    )
    if person is not None:
        add_touch(person, kind=Touch.Kind.FORM, name=page.name, source=page.source)
        note_activity(person, booking.at)
    log(task, kinds.BOOKED, actor=actor, page=page.name)
    data = {"page": page.name}
    notify(chosen, kinds.SOMEBODY_BOOKED, record=task, data=data, key=f"booking-{booking.pk}")
    invite(booking, BOOKED, actor=actor)
    return booking


@transaction.atomic
def move(booking: Booking, start: datetime) -> Booking:
    """Put a meeting to another time at which its hosts are free. ``Taken`` where they are not, ``Over`` where it is too late."""
    _hold(booking.page, booking.host_id)
    booking, task = _open(booking)
    if start == booking.starts_at:
        return booking
    length = booking.ends_at - booking.starts_at
    _free_at(booking.page, start, int(length.total_seconds()) // 60, moving=booking)
    task.due_at, task.ends_at = start, start + length
    records.save(task, actor=_actor(booking.page))
    log(task, kinds.MOVED, actor=_actor(booking.page), page=booking.page.name)
    booking.refresh_from_db()
    _tell(booking, task, kinds.SOMEBODY_MOVED)
    return booking


@transaction.atomic
def cancel(booking: Booking, reason: str = "") -> Booking:
    """Call a meeting off. Doing it again changes nothing; ``Over`` where it has begun."""
    booking = _locked(booking)
    if booking.state == Booking.State.CANCELLED:
        return booking
    booking, task = _open(booking)
    cancel_task(task, actor=_actor(booking.page), outcome=reason[:200])
    log(task, kinds.CANCELLED, actor=_actor(booking.page), page=booking.page.name, reason=reason[:200])
    booking.refresh_from_db()
    _tell(booking, task, kinds.SOMEBODY_CANCELLED)
    return booking


def _hold(page: BookingPage, *also: int) -> list[User]:
    """The hosts, locked until the end of the transaction: whoever books with one of them waits."""
    hosts = hosts_of(page)
    ids = {user.pk for user in hosts} | set(also)
    list(User.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk"))
    return hosts


def _free_at(page: BookingPage, start: datetime, minutes: int, moving: Booking | None = None) -> list[int]:
    found = free_times(page, minutes, start, start + timedelta(minutes=1), moving=moving)
    if start not in found:
        raise Taken(_("Somebody was quicker: this time is gone. Please choose another one."), code="taken")
    return found[start]


def _refuse_many(page: BookingPage, visitor: Visitor) -> None:
    """Nobody fills the calendars of a house."""
    same = Q(pk__in=[])
    for name in ("email", "phone"):
        if value := getattr(visitor, name):
            same |= Q(**{f"{name}__iexact": value})
    ahead = page.bookings.filter(same, state=Booking.State.BOOKED, starts_at__gt=timezone.now())
    if ahead.count() >= MOST_AHEAD:
        text = _("You have %(count)s meetings with us already. Move or call off one of them first.")
        raise ValidationError(text % {"count": MOST_AHEAD}, code="many")


def _person(page: BookingPage, host: User, visitor: Visitor) -> Record | None:
    """Whom we know by the address or number, else a new lead of the host's. None where the host may add none."""
    language = visitor.language[:2] if visitor.language[:2] in Lead.Language.values else ""
    lead = Lead(
        owner=host,
        name=visitor.name,
        email=visitor.email,
        mobile=visitor.phone,
        company=visitor.company,
        source=page.source,
        language=language,
        interest=page.title,
    )
    queue_up(lead)
    if (known := known_as(lead)) is not None:
        return known
    if not policy.can(host, Lead.entity_label(), "add"):
        return None
    try:
        with transaction.atomic():
            entity_of(lead).save(lead, actor=_actor(page))
    except Collision as error:
        return holder_of(error)
    except (ValidationError, IntegrityError, DataError, Conflict):
        # The meeting counts for more than its lead: the host still sees who comes.
        return None
    return lead


def _meeting(
    page: BookingPage, visitor: Visitor, people: Sequence[User], person: Record | None, start: datetime, end: datetime
) -> Task:
    """The meeting in the calendars of its hosts, about the person."""
    task = Task(
        owner=people[0],
        subject=f"{page.name} · {visitor.name}"[:300],
        kind=Task.Kind.MEETING,
        due_at=start,
        ends_at=end,
        place=page.meeting_url if page.way == BookingPage.Way.ONLINE else page.place,
        description="\n".join(f"{question}: {answer}" for question, answer in visitor.answers if answer),
        on_entity=person.entity_label() if person else "",
        on_id=person and person.pk,
    )
    records.save(task, actor=_actor(page))
    came = {"state": Participant.State.ACCEPTED, "answered_at": timezone.now()}
    guests = [Participant(task=task, user=user, **came) for user in people[1:]]
    if person is not None:
        guests.append(Participant(task=task, entity=person.entity_label(), record_id=person.pk, **came))
    Participant.objects.bulk_create(guests)
    if len(people) > 1:
        plan_reminders([task])
    return task


def _locked(booking: Booking) -> Booking:
    return Booking.objects.select_for_update(of=("self",)).select_related("page", "host").get(pk=booking.pk)


def _open(booking: Booking) -> tuple[Booking, Task]:
    """The booking and its meeting as they stand. ``Over`` where nothing can be done with them any more."""
    task = Task._base_manager.select_for_update().filter(pk=booking.task_id, deleted_at__isnull=True).first()
    booking = _locked(booking)
    if task is None or not task.is_open or not booking.lies_ahead:
        raise Over(_("This meeting can't be changed any more."), code="over")
    return booking, task


def _tell(booking: Booking, task: Task, kind: str) -> None:
    people = {task.owner_id, *task.participants.filter(user__isnull=False).values_list("user", flat=True)}
    notify(people, kind, record=task, data={"page": booking.page.name}, key=f"{kind}-{booking.pk}-{booking.moves}")


def _actor(page: BookingPage) -> Actor:
    return Actor(None, f"booking:{page.pk}")
