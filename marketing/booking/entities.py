"""Booking pages, their hosts and questions, as records."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.entity import Action, Entity, View, register
from marketing.booking.hosting import TeamForm, add_team
from marketing.booking.models import WEEKDAYS, Booking, BookingHost, BookingPage, BookingQuestion

Way = BookingPage.Way


@register
class BookingPageEntity(Entity):
    model = BookingPage
    area = "sales"
    icon = "calendar-time"
    columns = ("name", "active", "lengths", "way", "hosting", "owner", "created_at")
    filters = (
        "name",
        "active",
        "way",
        "hosting",
        "timezone",
        "source",
        "owner",
        "department",
        "created_at",
        "updated_at",
    )
    search = {"text": ("name", "title_zh", "title_en")}
    subtitle = ("lengths", "way", "owner")
    pills = ("active",)
    quick = ("name", "lengths", "way", "meeting_url", "place")
    sections = {
        _("Booking page"): ("name", "active", "lengths", "way", "meeting_url", "place", "hosting", "source", "owner"),
        _("What visitors read"): ("title_zh", "title_en", "intro_zh", "intro_en"),
        _("When one can book"): ("timezone", "holidays", *WEEKDAYS),
        _("Limits"): ("every", "notice_hours", "days_ahead", "per_day", "buffer_before", "buffer_after"),
        _("Reminders"): ("reminders",),
    }
    bulk_edit = ("active", "source")
    inline = ("name", "active", "way", "owner")
    importable = False
    actions = (Action("add_team", _("Add a team as hosts"), add_team, "users-group", TeamForm, automatic=False),)
    views = (View("active", _("In use"), {"all": [{"field": "active", "op": "is", "value": True}]}),)

    def clean(self, form: Any) -> None:
        """One can find the way to the meeting."""
        cleaned = form.cleaned_data
        if cleaned.get("way") == Way.PLACE and "place" in form.fields and not cleaned.get("place"):
            form.add_error("place", gettext("Say where one meets."))

    def figures(self, record: BookingPage, user: Any) -> list[dict]:
        booked = Q(state=Booking.State.BOOKED)
        found = record.bookings.aggregate(
            booked=Count("pk", filter=booked),
            ahead=Count("pk", filter=booked & Q(starts_at__gt=timezone.now())),
            off=Count("pk", filter=~booked),
        )
        return [
            {"label": pgettext("meeting", "Booked"), "value": found["booked"]},
            {"label": gettext("To come"), "value": found["ahead"]},
            {"label": gettext("Called off"), "value": found["off"]},
        ]


@register
class BookingHostEntity(Entity):
    model = BookingHost
    area = "sales"
    icon = "users"
    nav = False
    columns = ("position", "user", "page")
    filters = ("page", "user", "position")
    quick = ("page", "user", "position")
    sections = {_("Host of a booking page"): ("page", "user", "position")}
    inline = ("position",)
    importable = False
    shows_on = {"booking.bookingpage": "page"}

    def clean(self, form: Any) -> None:
        """Nobody fills the calendar of whom they may give nothing to do."""
        user = form.cleaned_data.get("user")
        if user is None or "user" not in form.changed_data or user == form.user:
            return
        if not policy.can_assign(form.user, "activities.task", user):
            form.add_error("user", gettext("You may not give tasks to %(user)s.") % {"user": user})


@register
class BookingQuestionEntity(Entity):
    model = BookingQuestion
    area = "sales"
    icon = "help"
    nav = False
    columns = ("position", "text_zh", "text_en", "kind", "required", "page")
    filters = ("page", "text_zh", "text_en", "kind", "required")
    quick = ("page", "text_zh", "text_en", "kind", "choices", "required", "position")
    sections = {
        _("Question of a booking page"): ("page", "text_zh", "text_en", "kind", "choices", "required", "position")
    }
    inline = ("position", "text_zh", "text_en", "required")
    importable = False
    shows_on = {"booking.bookingpage": "page"}

    def clean(self, form: Any) -> None:
        """Who is to choose needs something to choose from."""
        cleaned = form.cleaned_data
        if cleaned.get("kind") == BookingQuestion.Kind.CHOICE and not (cleaned.get("choices") or "").strip():
            form.add_error("choices", gettext("Enter one choice on each line."))
