"""What templates ask of messages."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from crm.files.models import FileVersion
from crm.messaging.mime.html import shown
from crm.messaging.models import MailMessage

register = template.Library()


@register.filter
def mail_html(mail: MailMessage) -> SafeString:
    """The cleaned HTML of a mail; of its images only those that came with it and that we drew anew."""
    drawn = FileVersion.Preview.READY
    images = {a.cid: a.file for a in mail.attachments.all() if a.cid and a.file is not None}
    ready = set(
        FileVersion.objects.filter(file__in=[f.pk for f in images.values()], preview=drawn).values_list(
            "file_id", flat=True
        )
    )

    def image(src: str) -> str | None:
        file = images.get(src.removeprefix("cid:")) if src.startswith("cid:") else None
        return reverse("files:preview", args=[file.pk, "large"]) if file is not None and file.pk in ready else None

    return mark_safe(shown(mail.html, image))  # noqa: S308 - cleaned when it came and again now


@register.filter
def people_in(mail: MailMessage, role: str) -> list[dict[str, Any]]:
    """The recipients of a mail in one role."""
    return [person for person in mail.recipients if person["role"] == role]
