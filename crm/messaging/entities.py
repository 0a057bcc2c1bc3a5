"""How mails are found. They have pages of their own: what is generic lists, searches and guards them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, register
from crm.messaging.models import MailMessage


@register
class MailMessageEntity(Entity):
    """A mail is written by sending it and changed by its own verbs only."""

    model = MailMessage
    icon = "mail"
    slug = "mails"
    columns = ("subject", "sender_name", "sender", "direction", "state", "sent_at", "owner")
    filters = ("subject", "sender", "sender_name", "direction", "state", "sent_at", "automatic", "owner")
    sortable = {"sent_at": "sent_at"}
    default_sort = "-sent_at"
    search = {"text": ("subject", "snippet"), "person": ("sender_name",), "email": ("sender",)}
    subtitle = ("sender_name", "sent_at")
    pills = ("state",)
    sections = {_("E-mail"): ("subject", "sender_name", "sender", "sent_at", "state", "owner", "text")}
    importable = False
    nav = False

    @property
    def granted(self) -> tuple[str, ...]:
        """Nothing in the matrix: a mail is reached through its mailbox and its records."""
        return ()

    def save(self, record: Any, *, actor: Any, **options: Any) -> Any:
        raise PermissionDenied

    def url(self, view: str, *args: Any) -> str:
        """Reading one is a page of its own."""
        return reverse("messaging:message", args=args) if view == "record" else super().url(view, *args)
