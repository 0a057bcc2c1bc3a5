"""Reading mail: the boxes, one mail with its thread."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.access import policy
from crm.entities.refs import refs
from crm.lib.http import client_address
from crm.messaging.boxes import BOXES, mails_in, set_aside_of
from crm.messaging.drafts import accounts_of
from crm.messaging.models import MailDraft, MailMessage, Privacy
from crm.records.audit import audit

MOST_IN_THREAD = 100


@login_required
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """A box of one's own and shared mailboxes."""
    accounts = accounts_of(request.user)
    account = next((a for a in accounts if str(a.pk) == request.GET.get("account")), None)
    name, words = request.GET.get("box", "inbox"), " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    context: dict[str, Any] = {
        "accounts": accounts,
        "account": account,
        "box": name,
        "words": words,
        "tabs": _tabs(name, account),
        "faulty": [a for a in accounts if a.error],
    }
    if name == "aside":
        context["aside"] = list(set_aside_of(request.user).order_by("-at")[:100])
    elif name == "drafts":
        context["drafts"] = list(MailDraft.objects.filter(writer=request.user)[:100])
    else:
        box = BOXES.get(name, BOXES["inbox"])
        context["page"] = mails_in(
            request.user, box, [account] if account else accounts, words, request.GET.get("before", "")
        )
    return render(request, "messaging/mailbox.html", context)


def _tabs(chosen: str, account: Any) -> list[dict[str, Any]]:
    named = [(box.name, box.label, box.icon) for box in BOXES.values()]
    named += [("drafts", _("Drafts"), "pencil"), ("aside", _("Set aside"), "alert-triangle")]
    home = reverse("messaging:mail")
    kept = {"account": account.pk} if account else {}
    return [
        {
            "label": label,
            "icon": icon,
            "url": f"{home}?{urlencode({'box': name, **kept})}",
            "active": name == chosen or (name == "inbox" and chosen not in {*BOXES, "drafts", "aside"}),
        }
        for name, label, icon in named
    ]


@login_required
@require_safe
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail, opened, among those of its thread that the reader may see."""
    found = get_object_or_404(MailMessage.objects.restrict(request.user), pk=pk)
    audit(
        request.user,
        "viewed",
        entity=found.entity_label(),
        record_ids=[found.pk],
        address=client_address(request) or None,
    )
    rows = MailMessage.objects.restrict(request.user).filter(thread=found.thread_id)
    thread = list(
        rows.select_related("account", "owner")
        .prefetch_related("attachments__file", "links")
        .order_by("sent_at", "pk")[:MOST_IN_THREAD]
    )
    keys = [(link.entity, link.record_id) for mail in thread for link in mail.links.all()]
    named = refs(request.user, keys)
    context = {
        "message": found,
        "thread": [_shown(mail, named, opened=mail.pk == found.pk) for mail in thread],
        "may": policy.allowed(request.user, found, {"change", "delete"}),
        "privacies": Privacy.choices,
        "has_account": bool(accounts_of(request.user)),
    }
    return render(request, "messaging/message.html", context)


def _shown(mail: MailMessage, named: dict, *, opened: bool) -> dict[str, Any]:
    links = [{"link": link, "ref": named[link.entity, link.record_id]} for link in mail.links.all()]
    return {
        "mail": mail,
        "opened": opened,
        "links": [found for found in links if found["ref"].seen],
        "files": [a for a in mail.attachments.all() if not a.inline or a.file is None],
    }


@login_required
@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody of the mailbox has read the mail."""
    rows = MailMessage.objects.restrict(request.user, "change").filter(pk=pk, seen_at=None)
    rows.update(seen_at=timezone.now())
    return HttpResponse(status=204)
