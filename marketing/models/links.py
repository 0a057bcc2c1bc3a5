"""Links that tell where somebody came from: printed as QR codes, put into posts and messages."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.lib.pinyin import pinyin_key
from crm.records.indexes import scope_indexes
from crm.records.models import Record
from customers.tracing import Channel
from marketing.models.forms import WebForm

# Without signs that look alike in print.
SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"


def new_code() -> str:
    """A short code: a QR code of few dots can be read from far away."""
    return "".join(secrets.choice(SIGNS) for _n in range(8))


class TrackedLink(Record):
    """An address of ours that leads on to a form or a website and says where its visitors come from."""

    prepared = ("name_key",)
    untold = ("code",)
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=150)
    name_key = models.CharField(max_length=300, editable=False)
    code = models.CharField(_("code"), max_length=40, unique=True, default=new_code, editable=False)
    form = models.ForeignKey(
        WebForm, models.PROTECT, null=True, blank=True, related_name="tracked", verbose_name=_("leads to the form")
    )
    url = models.URLField(_("leads to the page"), max_length=500, blank=True)
    source = models.ForeignKey(
        "customers.Source", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.QR)
    campaign = models.CharField(_("campaign"), max_length=150, blank=True)
    active = models.BooleanField(_("open"), default=True)

    class Meta:
        verbose_name = _("tracked link")
        verbose_name_plural = _("tracked links")
        indexes = scope_indexes("trackedlink", name="name_key", created="created_at")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="tracked_link_has_a_name",
                violation_error_message=_("Enter a name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.name_key = pinyin_key(record.name)[:300]

    @property
    def short(self) -> str:
        """What is printed."""
        return settings.PUBLIC_URL + reverse("marketing:link", args=[self.code])


class LinkDay(models.Model):
    """How often a link was used on a day, by people and by programs. Not an entity: a counter."""

    link = models.ForeignKey(TrackedLink, models.CASCADE, related_name="days")
    day = models.DateField()
    clicks = models.PositiveIntegerField(default=0)
    robots = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["link", "day"], name="link_day_is_unique")]

    def __str__(self) -> str:
        return f"{self.link_id} {self.day}"
