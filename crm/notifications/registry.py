"""What people can be told of, and the ways by which it reaches them. Apps declare theirs in ``<app>/notices.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from crm.notifications.models import Notification

APP, EMAIL, DIGEST = "app", "email", "digest"


@dataclass(frozen=True)
class NoticeKind:
    """``said`` is the sentence, with ``%(actor)s``, ``%(record)s`` and what its ``data`` names; they are filled in for the reader
    when it is shown. ``why`` tells why one gets it. ``channels`` are those it takes while one has chosen nothing. ``again``: it
    tells of an activity of which one may be reminded later once more."""

    name: str
    label: Any
    said: Any
    why: Any
    icon: str = "bell"
    channels: frozenset[str] = frozenset({APP})
    again: bool = False


@dataclass(frozen=True)
class Channel:
    """A way out of the program. ``deliver(notification, at)`` queues it for the moment ``at`` inside the caller's transaction;
    ``reaches(user)`` tells whether it can reach them at all."""

    name: str
    label: Any
    deliver: Callable[[Notification, datetime], None] | None = None
    reaches: Callable[[Any], bool] = lambda user: True
    icon: str = "bell"


kinds: dict[str, NoticeKind] = {}
channels: dict[str, Channel] = {
    APP: Channel(APP, _("In the program")),
    EMAIL: Channel(EMAIL, _("E-mail at once"), reaches=lambda user: bool(user.email), icon="mail"),
    DIGEST: Channel(DIGEST, _("Daily summary"), reaches=lambda user: bool(user.email), icon="mail-opened"),
}
# Why somebody hears of a record; the causes of ``Follow`` and what callers of ``notify`` may say.
REASONS: dict[str, Any] = {
    "owner": _("The record is yours."),
    "chosen": _("You follow the record."),
    "commented": _("You commented on the record."),
    "mentioned": _("You were mentioned on the record."),
    "takes_part": _("You take part."),
}


def notice_kind(
    name: str,
    label: Any,
    *,
    said: Any,
    why: Any,
    icon: str = "bell",
    channels: tuple[str, ...] = (APP,),
    again: bool = False,
) -> str:
    """Declare something people can be told of; returns its name."""
    kinds[name] = NoticeKind(name, label, said, why, icon, frozenset(channels), again)
    return name


def add_channel(channel: Channel) -> None:
    """Register a way out (SMS, WeCom, DingTalk): it stands in everybody's preferences from then on."""
    channels[channel.name] = channel
