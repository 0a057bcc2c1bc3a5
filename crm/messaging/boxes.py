"""The boxes of a mailbox: what lies in each, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.messaging.models import MailAccount, MailCopy, MailLink, MailMessage, MailSetAside

PAGE = 40
OUT, State = MailMessage.Direction.OUT, MailMessage.State


@dataclass(frozen=True)
class Box:
    """A folder of the mail page."""

    name: str
    label: Any
    icon: str
    where: Callable[[], Q]


BOXES = {
    box.name: box
    for box in (
        Box("inbox", _("Inbox"), "inbox", lambda: Q(direction="in")),
        Box("sent", _("Sent"), "send", lambda: Q(direction=OUT, state=State.SENT)),
        Box("waiting", _("Not sent"), "clock", lambda: Q(direction=OUT) & ~Q(state=State.SENT)),
        Box("unmatched", _("Unmatched"), "help-circle", lambda: Q(direction="in", automatic=False) & ~Q(_linked())),
    )
}


def _linked() -> Exists:
    return Exists(MailLink.objects.filter(message=OuterRef("pk")))


@dataclass(frozen=True)
class Page:
    """Some mails, and where the following ones start."""

    rows: list[MailMessage]
    next: str


def mails_in(user: Any, box: Box, accounts: Sequence[MailAccount], words: str, before: str) -> Page:
    """A page of a box of some accounts that the user has.

    Each account is asked for its newest ones by its own index, those that lie in it but are listed elsewhere apart; what is
    shown goes through the policy all the same.
    """
    found: dict[int, datetime] = {}
    for where in [*(Q(account=account) for account in accounts), _elsewhere(accounts)]:
        rows = MailMessage.objects.all().alive().filter(where, box.where())
        rows = _older(rows.filter(_about(words)) if words else rows, before)
        found |= dict(rows.order_by("-sent_at", "-pk").values_list("pk", "sent_at")[: PAGE + 1])
    newest = sorted(found, key=lambda pk: (found[pk], pk), reverse=True)[: PAGE + 1]
    shown = MailMessage.objects.restrict(user, "change").filter(pk__in=newest[:PAGE])
    shown = shown.select_related("account", "owner").prefetch_related("attachments")
    last = newest[PAGE - 1] if len(newest) > PAGE else 0
    return Page(
        sorted(shown, key=lambda mail: (mail.sent_at, mail.pk), reverse=True),
        f"{found[last].isoformat()}~{last}" if last else "",
    )


def _elsewhere(accounts: Sequence[MailAccount]) -> Q:
    """Mails that came to these accounts, too, after they had come to another one."""
    copies = MailCopy.objects.filter(account__in=accounts, elsewhere=True)
    return Q(pk__in=copies.values("message_id"))


def _about(words: str) -> Q:
    fields = ("subject", "sender", "sender_name", "text")
    found = Q()
    for word in words.split()[:5]:
        found &= Q(*(Q(**{f"{field}__icontains": word}) for field in fields), _connector=Q.OR) | Q(
            addresses__contains=[word.lower()]
        )
    return found


def _older(rows: QuerySet, before: str) -> QuerySet:
    at, _mark, pk = before[:60].partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return rows
    if moment.tzinfo is None or not (pk.isascii() and pk.isdigit() and len(pk) < 19) or not 1900 < moment.year < 2200:
        return rows
    return rows.filter(Q(sent_at__lt=moment) | Q(sent_at=moment, pk__lt=int(pk)))


def set_aside_of(user: Any) -> QuerySet[MailSetAside]:
    """What could not be taken in of the user's mailboxes."""
    mine = MailAccount.objects.filter(MailAccount.of(user.pk)).values("pk")
    return MailSetAside.objects.filter(account__in=mine, state=MailSetAside.State.WAITING).select_related("account")
