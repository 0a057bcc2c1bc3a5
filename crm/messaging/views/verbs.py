"""What one does with a mail: link it, say who sees it, take it back, send it again, set it right."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.entities.brief import briefs
from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.messaging import drafts, linking, mails, polling
from crm.messaging.access import holders
from crm.messaging.boxes import set_aside_of
from crm.messaging.models import MailAccount, MailLink, MailMessage, MailSetAside
from crm.messaging.tasks import wake_pollers
from crm.records import services as records
from crm.records.actor import Actor
from crm.search.services import search


def _mine(request: HttpRequest, pk: int) -> MailMessage:
    """A mail of one's own mailbox; 404 hides the rest."""
    return get_object_or_404(MailMessage.objects.restrict(request.user, "change"), pk=pk)


@login_required
@require_safe
def find(request: HttpRequest, pk: int) -> HttpResponse:
    """Records that the mail may be about, by the words that somebody types."""
    mail = _mine(request, pk)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    labels = [m._meta.label_lower for m in holders() if m._meta.label_lower in registry]
    hits = search(request.user, words, limit=10, labels=labels) if words else []
    found = [(hit.record, line) for hit in hits for line in briefs([hit.record], request.user)]
    return render(request, "messaging/find.html", {"message": mail, "found": found, "words": words})


@login_required
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the mail is about a record that one may see."""
    mail, record = _mine(request, pk), _record(request)
    linking.link_mail(mail, record, actor=Actor.of(request))
    messages.success(request, _("Linked to %(record)s.") % {"record": record})
    return redirect("messaging:message", pk=pk)


def _record(request: HttpRequest) -> Any:
    label, number = request.POST.get("entity", ""), request.POST.get("record", "")
    return seen_record(request.user, label, number, among=[m._meta.label_lower for m in holders()])[1]


@login_required
@require_POST
def unlink(request: HttpRequest, pk: int, link_pk: int) -> HttpResponse:
    """Say that the mail is not about the record."""
    mail = _mine(request, pk)
    linking.unlink_mail(mail, get_object_or_404(MailLink, pk=link_pk, message=mail), actor=Actor.of(request))
    messages.success(request, _("The link was removed."))
    return redirect("messaging:message", pk=pk)


@login_required
@require_POST
def privacy(request: HttpRequest, pk: int) -> HttpResponse:
    """Change who sees the mail."""
    linking.set_privacy(_mine(request, pk), request.POST.get("privacy", ""), actor=Actor.of(request))
    return redirect("messaging:message", pk=pk)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a waiting mail from being sent, and go on writing it."""
    mail = _mine(request, pk)
    if not mails.take_back(mail):
        messages.error(request, _("Too late: the mail is on its way."))
        return redirect("messaging:message", pk=pk)
    mail.refresh_from_db()
    draft = drafts.reopen(mail, actor=Actor.of(request))
    messages.success(request, _("The mail was not sent. You can change it and send it again."))
    return redirect("messaging:draft", pk=draft.pk)


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send once more what failed, or of which nobody knows whether it arrived."""
    if mails.try_again(_mine(request, pk)):
        messages.success(request, _("The mail will be sent again."))
    else:
        messages.error(request, _("There is nothing to send again."))
    return redirect("messaging:message", pk=pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the mail to the trash."""
    mail = get_object_or_404(MailMessage.objects.restrict(request.user, "delete"), pk=pk)
    changes = records.delete(mail, actor=Actor.of(request))
    messages.success(request, _("Moved to the trash."), extra_tags=f"undo=/undo/set/{changes.pk}/")
    return redirect("messaging:mail")


@login_required
@require_POST
def aside(request: HttpRequest, pk: int) -> HttpResponse:
    """Try to take a mail in once more that was set aside, or drop it."""
    found = get_object_or_404(set_aside_of(request.user), pk=pk)
    if request.POST.get("do") == "drop":
        MailSetAside.objects.filter(pk=found.pk).update(state=MailSetAside.State.DROPPED, raw=b"")
        messages.success(request, _("Dropped. The mail itself still lies at the server."))
    elif polling.try_again(found):
        messages.success(request, _("The mail was taken in."))
    else:
        messages.error(request, _("It still can't be taken in."))
    return redirect("/mail/?box=aside")


@login_required
@require_POST
def poll(request: HttpRequest) -> HttpResponse:
    """Look for new mail now."""
    for account in drafts.accounts_of(request.user):
        MailAccount.objects.filter(pk=account.pk).update(next_poll_at=timezone.now())
    wake_pollers()
    messages.info(request, _("Looking for new mail. It appears here in a moment."))
    return redirect("messaging:mail")
