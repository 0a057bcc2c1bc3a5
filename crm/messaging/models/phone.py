"""Text messages and calls, and the systems that carry them."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.messaging.secrets import SecretField

WEB = [URLValidator(schemes=["http", "https"])]


class SmsProvider(models.Model):
    """A service that sends text messages when it is asked by HTTP. Not an entity: a setting that admins keep.

    The texts are Liquid templates over ``number``, ``text``, ``key`` and ``secret``.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    active = models.BooleanField(_("in use"), default=False)
    url = models.CharField(_("address"), max_length=500, validators=WEB)
    headers = models.TextField(
        _("headers"), blank=True, help_text=_("One a line, such as “Authorization: Bearer {{ secret }}”.")
    )
    body = models.TextField(
        _("body"),
        default='{"to": {{ number | json }}, "text": {{ text | json }}, "id": {{ key | json }}}',
        help_text=_("JSON with {{ number | json }}, {{ text | json }}, {{ key | json }} and {{ secret | json }}."),
    )
    secret = SecretField(_("secret"), blank=True)
    id_path = models.CharField(
        _("its number for the message"),
        max_length=100,
        blank=True,
        help_text=_("Where in its answer, such as data.id."),
    )
    ok_path = models.CharField(
        _("sign of success"),
        max_length=100,
        blank=True,
        help_text=_("Where in its answer; empty: the HTTP status decides."),
    )
    ok_value = models.CharField(_("value of success"), max_length=100, blank=True)
    drops_doubles = models.BooleanField(
        _("drops doubles"), default=False, help_text=_("It sends a message only once when the same id comes twice.")
    )
    receipt_secret = SecretField(
        _("secret of receipts"), blank=True, help_text=_("With it the provider signs delivery receipts.")
    )

    class Meta:
        verbose_name = _("SMS provider")
        verbose_name_plural = _("SMS providers")

    def __str__(self) -> str:
        return self.name


class TextMessage(models.Model):
    """A text message. Not an entity: it stands on the timeline of its record, for who may see that one."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting to be sent")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        UNDELIVERED = "undelivered", _("Not delivered")
        UNKNOWN = "unknown", _("Unknown: send again?")
        FAILED = "failed", _("Not sent")
        CANCELLED = "cancelled", _("Taken back")

    provider = models.ForeignKey(SmsProvider, models.PROTECT, related_name="+", verbose_name=_("provider"))
    key = models.CharField(max_length=64, unique=True)
    provider_key = models.CharField(max_length=200, blank=True, db_index=True)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    number = models.CharField(_("number"), max_length=32)
    text = models.TextField(pgettext_lazy("of a message", "text"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    error = models.TextField(_("error"), blank=True)
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("written by")
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    receipt_at = models.DateTimeField(_("receipt"), null=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("text message")
        verbose_name_plural = _("text messages")
        indexes = [models.Index(fields=["entity", "record_id", "-made_at"], name="text_message_record")]

    def __str__(self) -> str:
        return f"{self.number} {self.text[:40]}"


class Telephony(models.Model):
    """A telephone system that dials when it is asked and tells of calls. Not an entity: a setting that admins keep."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    active = models.BooleanField(_("in use"), default=False)
    dial_url = models.CharField(
        _("address to dial"),
        max_length=500,
        blank=True,
        validators=WEB,
        help_text=_("Empty: the person's own device dials (tel:)."),
    )
    secret = SecretField(_("secret"), blank=True, help_text=_("Both sides sign with it what they tell each other."))

    class Meta:
        verbose_name = _("telephone system")
        verbose_name_plural = _("telephone systems")

    def __str__(self) -> str:
        return self.name


class Extension(models.Model):
    """A person's telephone at a telephone system. Not an entity: a setting that admins keep."""

    telephony = models.ForeignKey(
        Telephony, models.CASCADE, related_name="extensions", verbose_name=_("telephone system")
    )
    number = models.CharField(_("extension"), max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="extensions", verbose_name=_("person")
    )

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        constraints = [models.UniqueConstraint(fields=["telephony", "number"], name="extension_is_unique")]

    def __str__(self) -> str:
        return f"{self.number} {self.user}"


class PhoneCall(models.Model):
    """One call as the telephone system tells of it. Not an entity: once it is over, a follow-up tells of it."""

    class State(models.TextChoices):
        RINGING = "ringing", _("Ringing")
        ANSWERED = "answered", _("Answered")
        ENDED = "ended", _("Ended")

    class Direction(models.TextChoices):
        IN = "in", _("Incoming")
        OUT = "out", _("Outgoing")

    telephony = models.ForeignKey(Telephony, models.PROTECT, related_name="calls")
    call_id = models.CharField(max_length=100)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction, default=Direction.IN)
    number = models.CharField(_("number"), max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="phone_calls", verbose_name=_("person")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RINGING)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    answered_at = models.DateTimeField(_("answered"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    seconds = models.PositiveIntegerField(
        _("seconds"), default=0, validators=[MinValueValidator(0), MaxValueValidator(86400)]
    )
    recording = models.CharField(_("recording"), max_length=500, blank=True)
    entity = models.CharField(max_length=100, blank=True)
    record_id = models.BigIntegerField(null=True)
    follow_up = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [models.UniqueConstraint(fields=["telephony", "call_id"], name="call_is_unique")]
        indexes = [
            models.Index(fields=["user", "-started_at"], condition=models.Q(closed_at__isnull=True), name="call_open")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.call_id}"


class WebhookSeen(models.Model):
    """A signed call from outside that was taken: the same one again is a replay. Not an entity."""

    nonce = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.nonce
