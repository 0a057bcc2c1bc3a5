"""A person as a card that phones and mail programs take: vCard 3.0, of what the reader may see in full."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.http import client_address
from crm.records.audit import audit

LABEL = "customers.contact"
LINES = {
    "job_title": "TITLE",
    "mobile": "TEL;TYPE=CELL",
    "phone": "TEL;TYPE=WORK",
    "phone2": "TEL;TYPE=OTHER",
    "email": "EMAIL;TYPE=WORK",
    "email2": "EMAIL;TYPE=HOME",
    "wechat": "X-WECHAT",
}
LONGEST = 75


@login_required
@require_safe
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """The card of a contact; what is hidden or masked for the reader is not on it. It needs the right to export."""
    bound = bind(registry[LABEL], request.user)
    contact = get_object_or_404(bound.records("export").select_related("account"), pk=pk)
    fields = bound.visible(["name", "account", *LINES, "birthday", "address"])
    seen = {field.name: field for field in fields if not field.masked}
    lines = ["BEGIN:VCARD", "VERSION:3.0"]
    name = contact.name if "name" in seen else str(contact.pk)
    lines += [f"N:{_escaped(name)};;;;", f"FN:{_escaped(name)}"]
    if "account" in seen and contact.account_id and (account := seen["account"].text(contact)):
        lines.append(f"ORG:{_escaped(account)}")
    for field, tag in LINES.items():
        if field in seen and (value := getattr(contact, field)):
            lines.append(f"{tag}:{_escaped(value)}")
    if "birthday" in seen and contact.birthday:
        lines.append(f"BDAY:{contact.birthday.isoformat()}")
    if "address" in seen and contact.address:
        lines.append(f"ADR;TYPE=WORK:;;{_escaped(contact.address)};;;;")
    lines += [f"REV:{contact.updated_at.astimezone(timezone.get_default_timezone()).isoformat()}", "END:VCARD", ""]
    audit(
        request.user,
        "exported",
        entity=LABEL,
        record_ids=[contact.pk],
        address=client_address(request) or None,
        format="vcf",
    )
    answer = HttpResponse("\r\n".join(map(_folded, lines)), content_type="text/vcard; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{name[:80]}.vcf")
    answer["Cache-Control"] = "private, no-store"
    return answer


def _escaped(text: str) -> str:
    """A text that can't break out of its line."""
    text = str(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(text.splitlines())


def _folded(line: str) -> str:
    """Lines of at most 75 octets, broken between characters."""
    parts, part = [], ""
    for sign in line:
        if len((part + sign).encode()) > LONGEST - (1 if parts else 0):
            parts.append(part)
            part = ""
        part += sign
    return "\r\n ".join([*parts, part])
