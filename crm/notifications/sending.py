"""Notifications by e-mail, one by one or as a daily summary. They are rendered when they go out, for whoever receives them."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.notifications.models import Hours, Notification
from crm.notifications.presenting import present
from crm.notifications.quiet import zone_of
from crm.notifications.registry import EMAIL, Channel, add_channel, channels
from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.outgoing import NotSent, outgoing_kind, queue_outgoing
from crm.reference.calendars import worktime_of
from crm.users.models import User

ONE, MANY = "notification.email", "notification.digest"
MOST = 100
LATEST = timedelta(hours=12)


def queue_mail(notification: Notification, at: datetime) -> None:
    """Send it by e-mail at ``at``, unless it is read in the program before."""
    when = at if at > timezone.now() else None
    queue_outgoing(ONE, str(notification.pk), {"notification": notification.pk}, actor=Actor(None, "notify"), at=when)


add_channel(Channel(**{**vars(channels[EMAIL]), "deliver": queue_mail}))


@outgoing_kind(ONE, label=gettext_lazy("Notification by e-mail"))
def send_one(outgoing: Outgoing) -> dict[str, Any]:
    """One notification to its person, in their language and as they may know it now."""
    row = Notification.objects.select_related("user", "actor").filter(pk=outgoing.payload["notification"]).first()
    if row is None or row.read_at is not None:
        return {"skipped": "read" if row else "gone"}
    with speaking_to(row.user):
        shown = present([row], row.user)[0]
        if shown.hidden:
            return {"skipped": "hidden"}
        return _send(row.user, shown.sentence, {"lines": [shown]}, outgoing)


@outgoing_kind(MANY, label=gettext_lazy("Daily summary by e-mail"))
def send_many(outgoing: Outgoing) -> dict[str, Any]:
    """The summary of a day: what was not read in the program meanwhile."""
    user = User.objects.filter(pk=outgoing.payload["user"]).first()
    if user is None:
        return {"skipped": "gone"}
    rows = Notification.objects.filter(user=user, pk__in=outgoing.payload["ids"], read_at__isnull=True)
    with speaking_to(user):
        shown = [one for one in present(list(rows.select_related("actor")), user) if not one.hidden]
        if not shown:
            return {"skipped": "read"}
        count = outgoing.payload["count"]
        subject = ngettext("%(n)s notification for you", "%(n)s notifications for you", count) % {"n": count}
        return _send(user, subject, {"lines": shown}, outgoing)


def _send(user: User, subject: str, context: dict[str, Any], outgoing: Outgoing) -> dict[str, Any]:
    if not user.is_active or not user.email:
        raise NotSent(_("The person has no e-mail address, or no account any more."), final=True)
    context |= {"user": user, "base": settings.PUBLIC_URL, "preferences": reverse("notifications:preferences")}
    context |= {"company": settings.COMPANY_NAME}
    text, html = (render_to_string(f"notifications/mail.{ending}", context) for ending in ("txt", "html"))
    subject = " ".join(f"{subject} · {settings.COMPANY_NAME}".split())[:200]
    mark = f"<{outgoing.kind}-{outgoing.key}@{_domain()}>".replace(":", "-")
    headers = {"Message-ID": mark, "Auto-Submitted": "auto-generated"}
    mail = EmailMultiAlternatives(subject, text, to=[user.email], headers=headers)
    mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _words in error.recipients.values()]
        raise NotSent(str(error), final=all(code >= 500 for code in codes)) from error
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError, ConnectionError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(str(error), final=error.smtp_code >= 500) from error
    return {"to": user.email}


@contextmanager
def speaking_to(user: User) -> Iterator[None]:
    """The language and the time zone of a person."""
    with translation.override(user.language or settings.LANGUAGE_CODE), timezone.override(zone_of(user)):
        yield


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def queue_digests(now: datetime | None = None) -> int:
    """Queue the summary of everybody whose hour has come and who has something for it; each person once a day."""
    now, queued = now or timezone.now(), 0
    ids = Notification.objects.filter(in_digest=True).order_by("user").values_list("user", flat=True).distinct()
    for user in User.objects.filter(pk__in=ids, is_active=True).select_related("department"):
        queued += _queue_digest(user, now)
    return queued


@transaction.atomic
def _queue_digest(user: User, now: datetime) -> bool:
    Hours.objects.get_or_create(user=user)
    hours = Hours.objects.select_for_update().get(user=user)
    local = now.astimezone(zone_of(user))
    due = datetime.combine(local.date(), hours.digest_at, local.tzinfo)
    if hours.digested_on == local.date() or not due <= local < due + LATEST:
        return False
    if hours.digest_on_workdays and not worktime_of(user).is_working_day(local.date()):
        return False
    rows = Notification.objects.select_for_update().filter(user=user, in_digest=True).order_by("-at", "-id")
    unread = [row.pk for row in rows if row.read_at is None]
    rows.update(in_digest=False)
    hours.digested_on = local.date()
    hours.save(update_fields=["digested_on"])
    if unread and user.email:
        payload = {"user": user.pk, "ids": unread[:MOST], "count": len(unread)}
        queue_outgoing(MANY, f"{user.pk}:{local.date()}", payload, actor=Actor(None, "digest"))
    return bool(unread)
