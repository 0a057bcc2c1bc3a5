"""Where people come from: each touch that brought them, and the first and the last of them on the record itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.lib.text import clean_line
from crm.records.models import Record


class Channel(models.TextChoices):
    """By which kind of way somebody came."""

    DIRECT = "direct", _("Direct")
    SEARCH = "search", _("Search engine")
    ADVERT = "advert", _("Advertisement")
    SOCIAL = "social", _("Social media")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    QR = "qr", _("QR code")
    EVENT = "event", _("Exhibition or event")
    STORE = "store", _("Store")
    REFERRAL = "referral", _("Another website")
    PARTNER = "partner", _("Partner")
    PROGRAM = "program", _("Another program")
    OTHER = "other", _("Other")


_ADS = frozenset({"cpc", "ppc", "cpm", "cpa", "paid", "paidsearch", "display", "ad", "ads", "banner", "sem", "feed"})
_MEDIUMS = {"email": Channel.EMAIL, "e-mail": Channel.EMAIL, "edm": Channel.EMAIL, "sms": Channel.SMS} | {
    "qr": Channel.QR,
    "qrcode": Channel.QR,
    "social": Channel.SOCIAL,
    "organic": Channel.SEARCH,
    "seo": Channel.SEARCH,
    "event": Channel.EVENT,
    "expo": Channel.EVENT,
    "store": Channel.STORE,
    "partner": Channel.PARTNER,
    "affiliate": Channel.PARTNER,
    "referral": Channel.REFERRAL,
}
_SEARCH = re.compile(r"(^|\.)(baidu|bing|google|sogou|so|sm|duckduckgo|yandex|yahoo|naver)\.")
_SOCIAL = re.compile(
    r"(^|\.)(weixin\.qq|wx\.qq|weibo|xiaohongshu|xhslink|douyin|zhihu|bilibili|kuaishou|toutiao|linkedin|facebook|twitter"
    r"|instagram|youtube|tiktok)\.|(^|\.)(t\.co|x\.com)$"
)

TRACE = (
    "first_touch_at",
    "first_channel",
    "first_source",
    "first_campaign",
    "last_touch_at",
    "last_channel",
    "last_source",
    "last_campaign",
)
BEHAVIOUR = ("last_visit_at", "last_purchase_at", "purchase_count", "purchase_sum")


class Traced(models.Model):
    """Columns of a record that follow its touches and what its person did; list ``TRACED`` among the ``derived`` ones."""

    first_touch_at = models.DateTimeField(_("first touch"), null=True, editable=False)
    first_channel = models.CharField(_("first channel"), max_length=10, choices=Channel, blank=True, editable=False)
    first_source = models.ForeignKey(
        "customers.Source",
        models.SET_NULL,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("first source"),
    )
    first_campaign = models.CharField(_("first campaign"), max_length=150, blank=True, editable=False)
    last_touch_at = models.DateTimeField(_("last touch"), null=True, editable=False)
    last_channel = models.CharField(_("last channel"), max_length=10, choices=Channel, blank=True, editable=False)
    last_source = models.ForeignKey(
        "customers.Source",
        models.SET_NULL,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("last source"),
    )
    last_campaign = models.CharField(_("last campaign"), max_length=150, blank=True, editable=False)
    last_visit_at = models.DateTimeField(_("last visit"), null=True, editable=False)
    last_purchase_at = models.DateTimeField(_("last purchase"), null=True, editable=False)
    purchase_count = models.PositiveIntegerField(_("purchases"), null=True, editable=False)
    purchase_sum = models.DecimalField(
        _("bought for (CNY)"), max_digits=18, decimal_places=2, null=True, editable=False
    )

    class Meta:
        abstract = True


TRACED = (*TRACE, *BEHAVIOUR)


class Touch(models.Model):
    """One thing that brought a person to us. Not an entity: a part of the record's trace, shown on its page.

    ``kind`` says what it was (a form, a link, an event, a file), ``name`` which one; ``code`` is that of a tracked link.
    """

    class Kind(models.TextChoices):
        FORM = "form", _("Form")
        LINK = "link", _("Link")
        PROGRAM = "program", _("Another program")
        FILE = "file", _("File")
        HAND = "hand", _("By hand")

    id = models.BigAutoField(primary_key=True)
    on_entity = models.CharField(max_length=100)
    on_id = models.BigIntegerField()
    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=200, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, blank=True)
    source = models.ForeignKey(
        "customers.Source", models.SET_NULL, null=True, db_index=False, related_name="+", verbose_name=_("source")
    )
    campaign = models.CharField(_("campaign"), max_length=150, blank=True)
    utm_source = models.CharField(max_length=150, blank=True)
    utm_medium = models.CharField(max_length=150, blank=True)
    utm_campaign = models.CharField(max_length=150, blank=True)
    utm_term = models.CharField(max_length=150, blank=True)
    utm_content = models.CharField(max_length=150, blank=True)
    referrer = models.CharField(_("came from"), max_length=500, blank=True)
    landing = models.CharField(_("landed on"), max_length=500, blank=True)
    code = models.CharField(_("code of the link"), max_length=40, blank=True)
    visitor = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["on_entity", "on_id", "at"], name="touch_of_record")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Trail:
    """What a visit tells about where it came from; any text, cut and cleaned by ``trail_of``."""

    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    referrer: str = ""
    landing: str = ""
    code: str = ""
    visitor: str = ""

    def as_dict(self) -> dict[str, str]:
        """Only what is known."""
        return {name: value for name, value in asdict(self).items() if value}


def trail_of(data: Mapping[str, Any]) -> Trail:
    """The trail in what a request says: text of strangers, so it is cut to the columns and what can't be kept is dropped."""
    found = {}
    for field in fields(Trail):
        value = data.get(field.name)
        if isinstance(value, str):
            try:
                found[field.name] = clean_line(value[:2000])[: Touch._meta.get_field(field.name).max_length]
            except ValueError:
                continue
    return Trail(**found)


def channel_of(trail: Trail) -> str:
    """The channel that a trail speaks of: its medium before its referrer."""
    medium = trail.utm_medium.lower().strip()
    if medium in _ADS:
        return Channel.ADVERT
    if medium in _MEDIUMS:
        return _MEDIUMS[medium]
    try:
        host = (urlsplit(trail.referrer).hostname or "").lower()
    except ValueError:
        host = ""
    if _SOCIAL.search(host):
        return Channel.SOCIAL
    if _SEARCH.search(host):
        return Channel.SEARCH
    if host:
        return Channel.REFERRAL
    return Channel.OTHER if trail.utm_source else Channel.DIRECT


def add_touch(
    record: Record, *, kind: str, trail: Trail | None = None, at: datetime | None = None, **values: Any
) -> Touch:
    """Note what brought the person of ``record``, in the caller's transaction; first and last touch follow."""
    trail = trail or Trail()
    values.setdefault("campaign", trail.utm_campaign)
    values["channel"] = values.get("channel") or channel_of(trail)
    values["name"] = str(values.get("name", ""))[:200]
    touch = Touch.objects.create(
        on_entity=record.entity_label(), on_id=record.pk, kind=kind, at=at or timezone.now(), **asdict(trail), **values
    )
    refresh_traces(record.entity_label(), [record.pk])
    return touch


def add_touches(records: Sequence[Record], *, kind: str, at: datetime | None = None, **values: Any) -> None:
    """The same touch for many records of one entity: an exhibition, a file."""
    at = at or timezone.now()
    rows = [Touch(on_entity=r.entity_label(), on_id=r.pk, kind=kind, at=at, **values) for r in records]
    Touch.objects.bulk_create(rows, batch_size=1000)
    if records:
        refresh_traces(records[0].entity_label(), [record.pk for record in records])


def carry_touches(source: Record, targets: Iterable[Record | None]) -> list[int]:
    """Give the touches of ``source`` to what it became, and say which rows these are. Safe to repeat."""
    made: list[int] = []
    rows = list(Touch.objects.filter(on_entity=source.entity_label(), on_id=source.pk))
    for target in targets if rows else ():
        if target is None or not isinstance(target, Traced):
            continue
        own = {"on_entity": target.entity_label(), "on_id": target.pk}
        there = set(Touch.objects.filter(**own).values_list("at", "kind", "name"))
        columns = [f.attname for f in Touch._meta.concrete_fields if f.name not in {"id", *own}]
        copies = [
            Touch(**own, **{name: getattr(row, name) for name in columns})
            for row in rows
            if (row.at, row.kind, row.name) not in there
        ]
        made += [touch.pk for touch in Touch.objects.bulk_create(copies)]
        refresh_traces(target.entity_label(), [target.pk])
    return made


def refresh_traces(label: str, ids: Iterable[int]) -> None:
    """Set first and last touch of these records anew from their touches: derived columns, which bump no version."""
    model = apps.get_model(label)
    ids = list(ids)
    if not ids or not issubclass(model, Traced):
        return
    touches = Touch.objects.filter(on_entity=label, on_id__in=ids)
    sides = {"first": touches.order_by("on_id", "at", "id"), "last": touches.order_by("on_id", "-at", "-id")}
    found: dict[int, dict[str, Any]] = {pk: dict(_UNTOUCHED) for pk in ids}
    for side, rows in sides.items():
        for touch in rows.distinct("on_id"):
            found[touch.on_id] |= {
                f"{side}_touch_at": touch.at,
                f"{side}_channel": touch.channel,
                f"{side}_source_id": touch.source_id,
                f"{side}_campaign": touch.campaign,
            }
    rows = [model(pk=pk, **values) for pk, values in found.items()]
    model._base_manager.bulk_update(rows, TRACE, batch_size=500)


_UNTOUCHED: dict[str, Any] = {
    f"{side}_{name}": value
    for side in ("first", "last")
    for name, value in (("touch_at", None), ("channel", ""), ("source_id", None), ("campaign", ""))
}
