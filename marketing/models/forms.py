"""Forms on web pages, and what people sent by them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm.lib.pinyin import pinyin_key
from crm.records.indexes import scope_indexes
from crm.records.models import Record
from customers.tracing import Channel

TARGETS = (("sales.lead", _("Lead")), ("customers.contact", _("Contact")))


def new_token() -> str:
    """A part of an address that nobody guesses."""
    return secrets.token_urlsafe(9)


class WebForm(Record):
    """A form that anybody may fill in. What is sent is written as its owner would write it: with that person's rights.

    ``consent_version`` grows whenever the words of the consent change; each submission keeps the words it saw.
    """

    prepared = ("name_key",)
    untold = ("token",)
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=150)
    name_key = models.CharField(max_length=300, editable=False)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    target = models.CharField(_("makes"), max_length=50, choices=TARGETS, default="sales.lead")
    active = models.BooleanField(_("open"), default=True)
    title_zh = models.CharField(_("title (Chinese)"), max_length=150, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=150, blank=True)
    intro_zh = models.TextField(_("introduction (Chinese)"), blank=True)
    intro_en = models.TextField(_("introduction (English)"), blank=True)
    button_zh = models.CharField(_("button (Chinese)"), max_length=40, blank=True)
    button_en = models.CharField(_("button (English)"), max_length=40, blank=True)
    thanks_zh = models.TextField(_("thanks (Chinese)"), blank=True)
    thanks_en = models.TextField(_("thanks (English)"), blank=True)
    redirect_url = models.URLField(_("then go to"), max_length=300, blank=True)
    consent_zh = models.TextField(_("consent (Chinese)"), blank=True)
    consent_en = models.TextField(_("consent (English)"), blank=True)
    consent_required = models.BooleanField(_("consent is required"), default=True)
    purpose = models.ForeignKey(
        "privacy.ConsentPurpose",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("purpose of the consent"),
        help_text=_(
            "What is agreed to goes into the ledger of consents. Without words of its own the form asks in those of the purpose."
        ),
    )
    consent_version = models.PositiveIntegerField(_("version of the consent"), default=1, editable=False)
    source = models.ForeignKey(
        "customers.Source", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, blank=True)
    campaign = models.CharField(_("campaign"), max_length=150, blank=True)
    give_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("give to"),
        help_text=_("Empty: to whom the assignment rules choose, else the form's owner."),
    )
    hosts = models.TextField(
        _("may be embedded by"),
        blank=True,
        help_text=_("One website on each line, such as www.example.com. Empty: by no other website."),
    )
    confirm_email = models.BooleanField(
        _("ask to confirm the e-mail address"),
        default=False,
        help_text=_("Nothing is made of it before the link in the mail was used."),
    )
    per_hour = models.PositiveSmallIntegerField(
        _("an hour and address at most"), default=20, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )

    class Meta:
        verbose_name = _("web form")
        verbose_name_plural = _("web forms")
        indexes = scope_indexes("webform", name="name_key", created="created_at")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""), name="web_form_has_a_name", violation_error_message=_("Enter a name.")
            ),
            models.CheckConstraint(
                condition=models.Q(per_hour__range=(1, 1000)),
                name="web_form_per_hour_is_sensible",
                violation_error_message=_("Enter a number from 1 to 1,000."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.name_key = pinyin_key(record.name)[:300]

    def said(self, what: str) -> str:
        """A text in the language of the page; in the other one where it was written only there."""
        first, second = ("zh", "en") if (get_language() or "").startswith("zh") else ("en", "zh")
        return getattr(self, f"{what}_{first}") or getattr(self, f"{what}_{second}")

    @property
    def path(self) -> str:
        """Where people fill it in, on whatever name of ours they came to."""
        return reverse("marketing:form", args=[self.token])

    @property
    def url(self) -> str:
        """The same as an address to hand on."""
        return settings.PUBLIC_URL + self.path


class FormField(models.Model):
    """One field of a web form. Not an entity: a part of its form."""

    form = models.ForeignKey(WebForm, models.CASCADE, related_name="fields")
    field = models.CharField(_("field"), max_length=100)
    label_zh = models.CharField(_("label (Chinese)"), max_length=150, blank=True)
    label_en = models.CharField(_("label (English)"), max_length=150, blank=True)
    help_zh = models.CharField(_("help (Chinese)"), max_length=300, blank=True)
    help_en = models.CharField(_("help (English)"), max_length=300, blank=True)
    required = models.BooleanField(_("required"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "field"],
                name="field_is_in_a_form_once",
                violation_error_message=_("The form has that field already."),
            )
        ]

    def __str__(self) -> str:
        return self.field

    said = WebForm.said


class FormDay(models.Model):
    """How often a form was looked at on a day. Not an entity: a counter."""

    form = models.ForeignKey(WebForm, models.CASCADE, related_name="days")
    day = models.DateField()
    views = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["form", "day"], name="form_day_is_unique")]

    def __str__(self) -> str:
        return f"{self.form_id} {self.day}"


class FormSubmission(models.Model):
    """What somebody sent by a form, and what became of it. Not an entity: shown with its form, to who may change that.

    ``key`` is the page's own mark: sent twice, it is taken once. ``consent`` keeps the words that were agreed to.
    """

    class State(models.TextChoices):
        CREATED = "created", _("Made a new record")
        JOINED = "joined", _("Joined a record that was there")
        WAITING = "waiting", _("Waits for the e-mail to be confirmed")
        FAILED = "failed", _("Failed")
        SPAM = "spam", _("Spam")

    DONE = (State.CREATED, State.JOINED)

    id = models.BigAutoField(primary_key=True)
    form = models.ForeignKey(WebForm, models.CASCADE, related_name="submissions", verbose_name=_("web form"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    key = models.CharField(max_length=60)
    state = models.CharField(_("state"), max_length=10, choices=State)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    values = models.JSONField(default=dict)
    consent = models.JSONField(default=dict)
    trail = models.JSONField(default=dict)
    email = models.EmailField(blank=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=10, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    on_entity = models.CharField(max_length=100, blank=True)
    on_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["form", "key"], name="submission_is_taken_once")]
        indexes = [
            models.Index(fields=["form", "-at"], name="submissions_of_form"),
            models.Index(fields=["form", "address", "at"], name="submissions_from"),
            models.Index(fields=["on_entity", "on_id"], name="submissions_on", condition=models.Q(on_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.form_id} {self.at:%Y-%m-%d %H:%M}"
