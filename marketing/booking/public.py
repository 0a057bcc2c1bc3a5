"""The pages that anybody with the link may open: choosing a time, saying who one is, and the meeting that one booked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from crm.lib.often import too_often
from crm.lib.text import clean_text
from marketing.booking import services
from marketing.booking.calendars import free_times, hosts_of
from marketing.booking.forms import VisitForm
from marketing.booking.inviting import booking_of, calendar_file, place_of, token_of
from marketing.booking.models import Booking, BookingPage
from marketing.booking.weeks import STAMP, Weeks, read_day, read_moment, weeks_of, zone_choices, zone_named
from marketing.webforms.receiving import TRAP
from marketing.webforms.stamps import BadStamp, new_stamp, read_stamp

SPOKEN = {"zh": "zh-hans", "en": "en"}
LOOKS, SENDS, SENDS_WITHIN = 120, 20, 600
"""How often one address may look in a minute, and send in ten."""


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def booking_page(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a time, then say who you are. No cookie guards it: whoever may load the page may send it, once."""
    rows = BookingPage.objects.alive().select_related("owner", "source")
    page = get_object_or_404(rows, token=token, active=True)
    with translation.override(_language(request)), timezone.override(_zone(request, page)):
        if too_often("booking.look", request, LOOKS):
            return _refused(request, page)
        at, minutes = read_moment(request.GET.get("at", "")), _minutes(request, page)
        if request.method == "POST":
            return _book(request, page, minutes)
        if at is None:
            return _choose(request, page, minutes)
        if at not in free_times(page, minutes, at, at + timedelta(minutes=1)):
            note = _("This time is gone. Please choose another one.")
            return _choose(request, page, minutes, wanted=at, note=note)
        return _ask(request, page, minutes, at, VisitForm(page=page))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def meeting_page(request: HttpRequest, token: str) -> HttpResponse:
    """What was booked. Looking at it changes nothing; the button calls it off."""
    booking = _booking(token)
    with translation.override(_language(request)), timezone.override(booking.zone):
        if request.method == "GET":
            return _meeting(request, booking)
        if too_often("booking.send", request, SENDS, SENDS_WITHIN):
            return _meeting(request, booking, note=_many(), status=429)
        try:
            services.cancel(booking, _words(request.POST.get("reason", ""), 200))
        except services.Over as error:
            return _meeting(request, _booking(token), note=" ".join(error.messages), status=409)
        return _to(request, "booking:meeting", token)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def move_page(request: HttpRequest, token: str) -> HttpResponse:
    """Choose another time for what was booked."""
    booking = _booking(token)
    page, minutes = booking.page, int((booking.ends_at - booking.starts_at).total_seconds()) // 60
    with translation.override(_language(request)), timezone.override(_zone(request, booking.page, booking.zone)):
        if too_often("booking.look", request, LOOKS):
            return _refused(request, page)
        if not booking.lies_ahead:
            return _meeting(request, booking, note=_("This meeting can't be changed any more."), status=409)
        if request.method == "GET":
            wanted = None if "day" in request.GET else booking.starts_at
            return _choose(request, page, minutes, moving=booking, wanted=wanted)
        if too_often("booking.send", request, SENDS, SENDS_WITHIN):
            return _choose(request, page, minutes, moving=booking, note=_many(), status=429)
        at = read_moment(request.POST.get("at", ""))
        if at is None:
            return _choose(request, page, minutes, moving=booking, note=_("Choose a time."), status=422)
        try:
            services.move(booking, at)
        except services.Taken as error:
            note = " ".join(error.messages)
            return _choose(request, page, minutes, moving=booking, wanted=at, note=note, status=409)
        except services.Over as error:
            return _meeting(request, _booking(token), note=" ".join(error.messages), status=409)
        return _to(request, "booking:meeting", token)


@never_cache
@require_GET
def meeting_file(request: HttpRequest, token: str) -> HttpResponse:
    """The meeting for one's calendar."""
    booking = _booking(token)
    with translation.override(_language(request)):
        answer = HttpResponse(calendar_file(booking), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    answer["X-Content-Type-Options"], answer["Referrer-Policy"] = "nosniff", "no-referrer"
    return answer


def _book(request: HttpRequest, page: BookingPage, minutes: int) -> HttpResponse:
    form = VisitForm(request.POST, page=page)
    at = read_moment(request.POST.get("at", ""))
    if too_often("booking.send", request, SENDS, SENDS_WITHIN):
        return _ask(request, page, minutes, at, form, note=_many(), status=429)
    if at is None:
        return _ask(request, page, minutes, at, form, note=_("Choose a time."), status=422)
    if not form.is_valid():
        return _ask(request, page, minutes, at, form, status=422)
    try:
        stamp = read_stamp(page.token, request.POST.get("stamp", ""))
    except BadStamp:
        return _ask(
            request, page, minutes, at, form, note=_("Please look it over once more and send it again."), status=422
        )
    if request.POST.get(TRAP):
        return _ask(
            request, page, minutes, at, form, note=_("A field was filled in that people do not see."), status=422
        )
    data = form.cleaned_data
    visitor = services.Visitor(
        *(data[name] for name in ("name", "email", "phone", "company")),
        answers=form.answers,
        language=translation.get_language() or "",
        timezone=timezone.get_current_timezone_name(),
    )
    try:
        booking = services.book(page, visitor, at, minutes, key=stamp.key)
    except services.Taken as error:
        return _ask(request, page, minutes, at, form, note=" ".join(error.messages), status=409)
    except ValidationError as error:
        return _ask(request, page, minutes, at, form, note=" ".join(error.messages), status=422)
    return _to(request, "booking:meeting", token_of(booking))


def _choose(
    request: HttpRequest,
    page: BookingPage,
    minutes: int,
    *,
    moving: Booking | None = None,
    wanted: datetime | None = None,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    zone = timezone.get_current_timezone()
    day = wanted.astimezone(zone).date() if wanted else read_day(request.GET.get("day", ""))
    weeks = weeks_of(page, minutes, zone, day, moving)
    context = _about(request, page, minutes) | {"moving": moving, "weeks": weeks, "note": note}
    context["times"] = _offered(weeks)
    context["zones"] = zone_choices(zone, timezone.now())
    context["told"] = "tz" in request.GET
    context["meeting_url"] = reverse("booking:meeting", args=[token_of(moving)]) if moving else ""
    return _public(request, "booking/choose.html", context, status)


def _ask(
    request: HttpRequest,
    page: BookingPage,
    minutes: int,
    at: datetime | None,
    form: VisitForm,
    *,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _about(request, page, minutes) | {"form": form, "note": note, "trap": TRAP, "at": at}
    context["at_stamp"] = at.strftime(STAMP) if at else ""
    context["stamp"] = new_stamp(page.token)
    if status in (409, 422) and (at is None or status == 409):
        zone = timezone.get_current_timezone()
        context["others"] = _offered(weeks_of(page, minutes, zone, at.astimezone(zone).date() if at else None))
    return _public(request, "booking/ask.html", context, status)


def _meeting(request: HttpRequest, booking: Booking, *, note: str = "", status: int = 200) -> HttpResponse:
    token = token_of(booking)
    context = _about(request, booking.page, 0) | {
        "booking": booking,
        "note": note,
        "host": str(booking.host),
        "hosts": [],
        "file_url": reverse("booking:file", args=[token]),
        "move_url": reverse("booking:move", args=[token]),
        "again_url": booking.page.path if booking.page.active and not booking.page.deleted_at else "",
    }
    return _public(request, "booking/meeting.html", context, status)


def _offered(weeks: Weeks) -> list[tuple[str, datetime]]:
    """The times of the chosen day, each with how an address names it."""
    return [(at.strftime(STAMP), at) for at in weeks.chosen.times] if weeks.chosen else []


def _about(request: HttpRequest, page: BookingPage, minutes: int) -> dict[str, Any]:
    """What every page says of the meeting. Hosts are named where it is sure who comes."""
    hosts = hosts_of(page)
    sure = len(hosts) == 1 or page.hosting == BookingPage.Hosting.ALL
    kept = {name: request.GET[name] for name in ("length", "tz", "lang", "day") if request.GET.get(name)}
    here = request.path
    return {
        "page": page,
        "title": page.title,
        "intro": page.said("intro"),
        "minutes": minutes,
        "place": place_of(page),
        "hosts": hosts if sure else [],
        "query": urlencode({k: v for k, v in kept.items() if k != "day"}),
        "zh_url": f"{here}?{urlencode(_kept(request) | {'lang': 'zh'})}",
        "en_url": f"{here}?{urlencode(_kept(request) | {'lang': 'en'})}",
        "back_url": f"{here}?{urlencode(kept)}",
        "zone_name": timezone.get_current_timezone_name(),
        "kept": {name: value for name, value in kept.items() if name not in ("tz", "day")},
    }


def _kept(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in ("length", "tz", "day", "at") if request.GET.get(name)}


def _public(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    answer = render(request, template, context, status=status)
    answer["Referrer-Policy"], answer["X-Robots-Tag"] = "no-referrer", "noindex"
    return answer


def _refused(request: HttpRequest, page: BookingPage) -> HttpResponse:
    return _public(request, "booking/busy.html", {"title": page.title, "note": _many()}, 429)


def _many() -> str:
    return _("Too many requests came from here. Please try again in a few minutes.")


def _to(request: HttpRequest, name: str, token: str) -> HttpResponse:
    language = (translation.get_language() or "zh")[:2]
    return HttpResponseRedirect(f"{reverse(name, args=[token])}?lang={language}", status=303)


def _booking(token: str) -> Booking:
    if (booking := booking_of(token)) is None:
        raise Http404
    return booking


def _minutes(request: HttpRequest, page: BookingPage) -> int:
    asked = request.GET.get("length", "")
    return next((one for one in page.minutes if str(one) == asked), page.minutes[0])


def _zone(request: HttpRequest, page: BookingPage, other: ZoneInfo | None = None) -> ZoneInfo:
    return zone_named(request.GET.get("tz", ""), other or page.zone)


def _language(request: HttpRequest) -> str:
    return SPOKEN.get(request.GET.get("lang", "")) or translation.get_language() or "zh-hans"


def _words(text: str, longest: int) -> str:
    """What was typed, as far as it can be kept."""
    try:
        return " ".join(clean_text(text[: longest * 2]).split())[:longest]
    except ValueError:
        return ""
