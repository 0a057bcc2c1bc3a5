"""Pages on which people choose a time with us, and what they booked."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.policy import Via
from crm.activities.models import Task
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from marketing.booking.columns import (
    HoursField,
    LengthsField,
    Minutes,
    RemindersField,
    hours_before,
    lengths_of,
    spans_of,
    zones,
)
from marketing.models import WebForm
from marketing.models.forms import new_token

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OFFICE = "09:00-12:00, 13:30-18:00"
FURTHEST, LONGEST_BUFFER, LONGEST_NOTICE = 180, 240, 24 * 30


class BookingPage(Record):
    """A page where anybody with the link books a meeting with its hosts. Without hosts of its own the owner is the host."""

    class Way(models.TextChoices):
        ONLINE = "online", _("Online meeting")
        PHONE = "phone", _("We call")
        PLACE = "place", _("On site")

    class Hosting(models.TextChoices):
        ONE = "one", _("One of the hosts: who was booked least")
        ALL = "all", _("All hosts together")

    untold = ("token",)
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=150)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    active = models.BooleanField(_("in use"), default=True)
    title_zh = models.CharField(_("title (Chinese)"), max_length=150, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=150, blank=True)
    intro_zh = models.TextField(_("introduction (Chinese)"), blank=True)
    intro_en = models.TextField(_("introduction (English)"), blank=True)
    lengths = LengthsField(
        _("lengths in minutes"), max_length=40, default="30", help_text=_("One or several to choose from: 30, 60.")
    )
    way = models.CharField(_("how we meet"), max_length=10, choices=Way, default=Way.ONLINE)
    meeting_url = models.URLField(_("link of the online meeting"), max_length=300, blank=True)
    place = models.CharField(_("place"), max_length=300, blank=True)
    hosting = models.CharField(_("several hosts"), max_length=10, choices=Hosting, default=Hosting.ONE)
    timezone = models.CharField(_("time zone"), max_length=50, choices=zones, default="Asia/Shanghai")
    monday = HoursField(_("Monday"), max_length=120, blank=True, default=OFFICE)
    tuesday = HoursField(_("Tuesday"), max_length=120, blank=True, default=OFFICE)
    wednesday = HoursField(_("Wednesday"), max_length=120, blank=True, default=OFFICE)
    thursday = HoursField(_("Thursday"), max_length=120, blank=True, default=OFFICE)
    friday = HoursField(_("Friday"), max_length=120, blank=True, default=OFFICE)
    saturday = HoursField(_("Saturday"), max_length=120, blank=True)
    sunday = HoursField(_("Sunday"), max_length=120, blank=True)
    holidays = models.BooleanField(
        _("closed on public holidays"),
        default=True,
        help_text=_("As the working calendar of each host says; weekends worked instead have the hours of a Monday."),
    )
    every = models.PositiveSmallIntegerField(
        _("a time every … minutes"), default=30, validators=[MinValueValidator(5), MaxValueValidator(240)]
    )
    buffer_before = models.PositiveSmallIntegerField(
        _("free minutes before"), default=0, validators=[MaxValueValidator(LONGEST_BUFFER)]
    )
    buffer_after = models.PositiveSmallIntegerField(
        _("free minutes after"), default=0, validators=[MaxValueValidator(LONGEST_BUFFER)]
    )
    notice_hours = models.PositiveSmallIntegerField(
        _("hours of notice"), default=4, validators=[MaxValueValidator(LONGEST_NOTICE)]
    )
    days_ahead = models.PositiveSmallIntegerField(
        _("days ahead"), default=30, validators=[MinValueValidator(1), MaxValueValidator(FURTHEST)]
    )
    per_day = models.PositiveSmallIntegerField(
        _("most a day and host"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("Empty: as many as there is time for."),
    )
    reminders = RemindersField(
        _("reminders to visitors"),
        max_length=40,
        blank=True,
        default="24, 1",
        help_text=_("By e-mail, so many hours before: 24, 1. Empty: none."),
    )
    source = models.ForeignKey(
        "customers.Source", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )

    class Meta:
        verbose_name = _("booking page")
        verbose_name_plural = _("booking pages")
        indexes = scope_indexes("bookingpage", created="created_at")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="booking_page_has_a_name", violation_error_message=_("Enter a name.")
            ),
            models.CheckConstraint(
                condition=Q(
                    every__range=(5, 240),
                    buffer_before__lte=LONGEST_BUFFER,
                    buffer_after__lte=LONGEST_BUFFER,
                    notice_hours__lte=LONGEST_NOTICE,
                    days_ahead__range=(1, FURTHEST),
                )
                & (Q(per_day__isnull=True) | Q(per_day__range=(1, 50))),
                name="booking_page_rules_are_sane",
                violation_error_message=_("One of the numbers is too small or too large."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    said = WebForm.said

    @property
    def title(self) -> str:
        """What visitors read above it."""
        return self.said("title") or self.name

    @property
    def zone(self) -> ZoneInfo:
        """In which zone its hours are."""
        return ZoneInfo(self.timezone)

    @property
    def minutes(self) -> tuple[int, ...]:
        """How long meetings may be."""
        return lengths_of(self.lengths) or (30,)

    @property
    def reminded(self) -> tuple[int, ...]:
        """How many hours before a meeting its visitor is reminded, the last first."""
        return hours_before(self.reminders)

    @property
    def week(self) -> tuple[tuple[Minutes, ...], ...]:
        """The hours of each weekday, Monday first."""
        return tuple(spans_of(getattr(self, day)) for day in WEEKDAYS)

    @property
    def path(self) -> str:
        """Where people book, on whatever name of ours they came to."""
        return reverse("booking:page", args=[self.token])

    @property
    def url(self) -> str:
        """The same as an address to hand on."""
        return settings.PUBLIC_URL + self.path


class BookingHost(Record):
    """Whom one meets; the first is the owner of meetings that all hold together."""

    access = Via("page")

    page = models.ForeignKey(BookingPage, models.CASCADE, related_name="hosts", verbose_name=_("booking page"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("host")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("host of a booking page")
        verbose_name_plural = _("hosts of booking pages")
        indexes = [models.Index(fields=["user", "page"], condition=ALIVE, name="booking_host_of")]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "user"],
                condition=ALIVE,
                name="hosts_a_page_once",
                violation_error_message=_("They are a host of this page already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)


class BookingQuestion(Record):
    """Something that visitors are asked beside their name and how they are reached."""

    class Kind(models.TextChoices):
        LINE = "line", _("A line")
        TEXT = "text", _("Several lines")
        CHOICE = "choice", _("One of the choices")

    access = Via("page")

    page = models.ForeignKey(BookingPage, models.CASCADE, related_name="questions", verbose_name=_("booking page"))
    text_zh = models.CharField(_("question (Chinese)"), max_length=200)
    text_en = models.CharField(_("question (English)"), max_length=200, blank=True)
    kind = models.CharField(_("answer"), max_length=10, choices=Kind, default=Kind.LINE)
    choices = models.TextField(_("choices"), max_length=2000, blank=True, help_text=_("One on each line."))
    required = models.BooleanField(_("required"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("question of a booking page")
        verbose_name_plural = _("questions of booking pages")
        indexes = [models.Index(fields=["page", "position"], condition=ALIVE, name="booking_question_order")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text_zh=""),
                name="booking_question_has_a_text",
                violation_error_message=_("Enter the question."),
            )
        ]

    def __str__(self) -> str:
        return self.said("text")

    said = WebForm.said


class Booking(models.Model):
    """A meeting that a visitor booked. Not an entity: its meeting is one; this says by which page, who, and what they answered.

    ``starts_at``, ``ends_at`` and ``host`` follow the meeting, ``moves`` counts how often they did. ``key`` is the mark of the
    page that was sent: sent twice, it is one booking. ``on_entity`` and ``on_id`` name the person's record.
    """

    class State(models.TextChoices):
        BOOKED = "booked", pgettext_lazy("meeting", "Booked")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.BigAutoField(primary_key=True)
    page = models.ForeignKey(BookingPage, models.CASCADE, related_name="bookings", verbose_name=_("booking page"))
    key = models.CharField(max_length=60)
    task = models.OneToOneField(Task, models.SET_NULL, null=True, related_name="booking", verbose_name=_("meeting"))
    host = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("host")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.BOOKED)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    company = models.CharField(max_length=300, blank=True)
    answers = models.JSONField(default=list)
    language = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=50, blank=True)
    moves = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)
    on_entity = models.CharField(max_length=100, blank=True)
    on_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["page", "key"], name="booking_is_taken_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="booking_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(fields=["page", "starts_at"], name="bookings_of_page"),
            models.Index(fields=["host", "starts_at"], name="bookings_of_host"),
            models.Index(fields=["on_entity", "on_id"], name="bookings_on", condition=Q(on_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.page_id} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def zone(self) -> ZoneInfo:
        """In which zone the visitor reads times."""
        return ZoneInfo(self.timezone or self.page.timezone)

    @property
    def lies_ahead(self) -> bool:
        """Whether it will take place, and has not begun."""
        return self.state == self.State.BOOKED and self.task_id is not None and self.starts_at > now()
