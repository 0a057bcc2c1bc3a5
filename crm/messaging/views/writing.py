"""Writing mail: a draft that is kept while it grows, and sent with ten seconds to think again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.files.services import store_file
from crm.messaging import drafts
from crm.messaging.consent import EMAIL, warnings
from crm.messaging.forms import DraftForm
from crm.messaging.merging import inserts_for, merge, values_for
from crm.messaging.models import MailDraft, MailMessage, MessageTemplate
from crm.messaging.reaching import emails_of, mailed, people_like
from crm.records.actor import Actor

MOST_DRAFTS = 200


@login_required
@require_POST
def write(request: HttpRequest) -> HttpResponse:
    """Begin a mail, perhaps about a record that one may see and to its address."""
    if MailDraft.objects.filter(writer=request.user).count() >= MOST_DRAFTS:
        messages.error(request, _("You have too many drafts. Send or throw away some of them."))
        return redirect("/mail/?box=drafts")
    record = _record(request)
    found = drafts.new_draft(request.user, record=record)
    if record is not None:
        known = emails_of(record, request.user)
        found.to = next((f"{record} <{reached.value}>" for reached in known), "")
    found.save()
    return redirect("messaging:draft", pk=found.pk)


def _record(request: HttpRequest) -> Any:
    label, number = request.POST.get("entity", ""), request.POST.get("record", "")
    return seen_record(request.user, label, number)[1] if label else None


@login_required
@require_POST
def answer(request: HttpRequest, pk: int, how: str) -> HttpResponse:
    """Begin an answer to a mail that one may see, or hand it on."""
    if how not in {drafts.ANSWER, drafts.ANSWER_ALL, drafts.FORWARD}:
        raise Http404
    mail = get_object_or_404(MailMessage.objects.restrict(request.user), pk=pk)
    found = drafts.answer(mail, how, request.user)
    if how == drafts.FORWARD:
        found.files = drafts.copy_files(mail, actor=Actor.of(request))
    found.save()
    return redirect("messaging:draft", pk=found.pk)


@login_required
@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on writing: “save” keeps it, “template” begins with a text, “send” sends it."""
    found = get_object_or_404(MailDraft, pk=pk, writer=request.user)
    if request.method == "GET":
        return _page(request, found, DraftForm(instance=found, user=request.user))
    form = DraftForm(request.POST, instance=found, user=request.user)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    kept = form.save(commit=False)
    kept.saved_at = timezone.now()
    errors = _bring_files(request, kept)
    kept.save()
    match request.POST.get("do", "save"):
        case "send" if not errors:
            return _send(request, kept, form)
        case "template":
            errors += _begin_with(request, kept)
        case "auto":
            return render(request, "messaging/saved.html", {"draft": kept})
    for error in errors:
        messages.error(request, error)
    return redirect("messaging:draft", pk=kept.pk)


def _bring_files(request: HttpRequest, kept: MailDraft) -> list[str]:
    """Keep what was uploaded, drop what was taken off; returns what went wrong."""
    dropped = {int(pk) for pk in request.POST.getlist("drop") if pk.isascii() and pk.isdigit() and len(pk) < 19}
    kept.files = [pk for pk in kept.files if pk not in dropped]
    errors = []
    for upload in request.FILES.getlist("files"):
        try:
            kept.files.append(store_file(upload, actor=Actor.of(request)).pk)
        except ValidationError as error:
            errors += [f"{upload.name}: {text}" for text in error.messages]
    return errors


def _begin_with(request: HttpRequest, kept: MailDraft) -> list[str]:
    """Put the text of a template above what is there."""
    number = request.POST.get("template", "")
    template = MessageTemplate.objects.filter(pk=number, active=True).first() if number.isdigit() else None
    if template is None:
        return []
    values = values_for(request.user, drafts.record_of(kept, request.user))
    try:
        body, subject = merge(template.body, values), merge(template.subject, values)
    except ValidationError as error:
        return list(error.messages)
    kept.body = f"{body.strip()}\n{kept.body}"
    kept.subject = kept.subject or " ".join(subject.split())[:500]
    kept.save()
    return []


def _send(request: HttpRequest, kept: MailDraft, form: DraftForm) -> HttpResponse:
    at = form.cleaned_data["at"]
    try:
        mail = drafts.send(kept, actor=Actor.of(request), at=at if at and at > timezone.now() else None)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, kept, form, status=422)
    undo = reverse("messaging:take_back", args=[mail.pk])
    said = _("The mail goes out at the chosen time.") if at else _("The mail goes out in ten seconds.")
    messages.success(request, said, extra_tags=f"undo={undo}")
    back = drafts.record_of(kept, request.user)
    return redirect(
        bind(registry[kept.entity], request.user).url("record", back.pk) if back else reverse("messaging:mail")
    )


def _page(request: HttpRequest, found: MailDraft, form: DraftForm, status: int = 200) -> HttpResponse:
    record = drafts.record_of(found, request.user)
    templates = MessageTemplate.objects.filter(active=True, channel=MessageTemplate.Channel.MAIL)
    context = {
        "draft": found,
        "form": form,
        "record": record,
        "record_url": bind(registry[found.entity], request.user).url("record", record.pk) if record else "",
        "files": drafts.files_of(found),
        "objections": warnings(_addressee(record, request.user), EMAIL),
        "templates": templates.filter(entity__in=["", found.entity]),
        "inserts": inserts_for(request.user),
        "accounts": list(form.fields["account"].queryset),
    }
    return render(request, "messaging/write.html", context, status=status)


def _addressee(record: Any, user: Any) -> Any:
    """To whom one writes about the record."""
    reached = mailed(record, user) if record is not None else None
    return reached[0] if reached else None


@login_required
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    get_object_or_404(MailDraft, pk=pk, writer=request.user).delete()
    messages.success(request, _("The draft was thrown away."))
    return redirect("/mail/?box=drafts")


@login_required
@require_safe
def people(request: HttpRequest) -> JsonResponse:
    """Whom somebody may mean by the beginning of a name, its pinyin or an address."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    return JsonResponse({"results": people_like(request.user, words) if words else []})
