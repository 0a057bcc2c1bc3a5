"""What visitors get by e-mail: the meeting as a calendar file, and the link by which they move it or call it off."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from icalendar import Calendar, Event, vCalAddress, vText

from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.outgoing import NotSent, outgoing_kind, queue_outgoing
from marketing.booking.models import Booking, BookingPage

MAIL = "booking.mail"
BOOKED, MOVED, CANCELLED, REMINDED = "booked", "moved", "cancelled", "reminded"
_links = signing.Signer(salt="booking.meeting")


def link_of(booking: Booking) -> str:
    """The address by which whoever booked it moves it or calls it off: signed for this booking alone."""
    return settings.PUBLIC_URL + reverse("booking:meeting", args=[token_of(booking)])


def token_of(booking: Booking) -> str:
    """What stands in that address."""
    return _links.sign(str(booking.pk))


def booking_of(token: str) -> Booking | None:
    """The booking behind a token, its page open or not: what was booked can be called off. None where the token is wrong."""
    try:
        pk = int(_links.unsign(token[:200]))
    except (signing.BadSignature, ValueError):
        return None
    return Booking.objects.select_related("page", "host", "task").filter(pk=pk).first()


def place_of(page: BookingPage) -> str:
    """Where one meets, as one reads it."""
    if page.way == BookingPage.Way.ONLINE:
        return page.meeting_url or _("Online meeting")
    return _("We call you") if page.way == BookingPage.Way.PHONE else page.place


def calendar_file(booking: Booking, method: str = "PUBLISH") -> bytes:
    """The meeting for the visitor's calendar (RFC 5545, 5546); nothing of what was typed but the address it goes to."""
    page, cancelled = booking.page, booking.state == Booking.State.CANCELLED
    made, event = Calendar(), Event()
    made.add("prodid", f"-//{settings.COMPANY_NAME}//CRM//")
    made.add("version", "2.0")
    made.add("method", method)
    event.add("uid", f"booking-{booking.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'crm'}")
    event.add("dtstamp", booking.changed_at)
    event.add("sequence", booking.moves)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", f"{page.title} · {settings.COMPANY_NAME}")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if place := place_of(page):
        event.add("location", place)
    if not cancelled:
        change = _("Move it or call it off: %(link)s") % {"link": link_of(booking)}
        event.add("description", "\n\n".join(filter(None, (page.said("intro"), change))))
    organizer = vCalAddress(f"mailto:{booking.host.email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = vText(str(booking.host))
    event.add("organizer", organizer, encode=0)
    if booking.email:
        visitor = vCalAddress(f"mailto:{booking.email}")
        visitor.params["PARTSTAT"], visitor.params["RSVP"] = vText("ACCEPTED"), vText("FALSE")
        event.add("attendee", visitor, encode=0)
    made.add_component(event)
    return made.to_ical()


def invite(booking: Booking, what: str, *, actor: Actor) -> None:
    """Tell the visitor, in the caller's transaction; each change once."""
    if booking.email:
        payload = {"booking": booking.pk, "what": what}
        queue_outgoing(MAIL, f"{booking.pk}-{booking.moves}-{what}", payload, actor=actor)


@outgoing_kind(MAIL, label=gettext_lazy("Confirm a booked meeting"))
def send_invitation(outgoing: Outgoing) -> dict[str, Any]:
    """One mail with the meeting as it stands now. It holds nothing of what was typed: anybody may type anybody's address."""
    rows = Booking.objects.select_related("page", "host")
    booking = rows.filter(pk=outgoing.payload["booking"]).first()
    what = outgoing.payload["what"]
    if booking is None or not booking.email or (what != CANCELLED) == (booking.state == Booking.State.CANCELLED):
        return {"skipped": "gone"}
    if what == REMINDED and not (booking.lies_ahead and booking.starts_at.isoformat() == outgoing.payload["at"]):
        return {"skipped": "moved"}
    with translation.override(booking.language or settings.LANGUAGE_CODE), timezone.override(booking.zone):
        mail = _mail(booking, what)
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    mail.extra_headers = {"Message-ID": f"<{outgoing.kind}-{outgoing.key}@{host}>", "Auto-Submitted": "auto-generated"}
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent(str(error), final=True) from error
    except (smtplib.SMTPException, ConnectionError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    return {"to": booking.email}


def _mail(booking: Booking, what: str) -> EmailMultiAlternatives:
    """Text, and the calendar file both beside it, as calendars want it, and as a file, as people do."""
    said = {
        BOOKED: _("Booked: %(title)s"), MOVED: _("Changed: %(title)s"), CANCELLED: _("Called off: %(title)s"),
        REMINDED: _("Reminder: %(title)s"),
    }  # fmt: skip
    context = {
        "booking": booking,
        "page": booking.page,
        "what": what,
        "place": place_of(booking.page),
        "link": booking.page.url if what == CANCELLED else link_of(booking),
        "company": settings.COMPANY_NAME,
    }
    method = "CANCEL" if what == CANCELLED else "REQUEST"
    mail = EmailMultiAlternatives(
        said[what] % {"title": booking.page.title} + f" · {settings.COMPANY_NAME}",
        render_to_string("booking/mail.txt", context),
        to=[booking.email],
        reply_to=[booking.host.email] if booking.host.email else None,
    )
    if what == REMINDED:  # calendars have it
        return mail
    content = calendar_file(booking, method).decode()
    mail.attach_alternative(content, f"text/calendar; method={method}; charset=utf-8")
    mail.attach("meeting.ics", content, "text/calendar")
    return mail
