"""The pages that anybody may open: a form, its thanks, and the link of the mail."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from csp.constants import SELF
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from crm.lib.http import client_address
from customers.tracing import Trail, trail_of
from marketing.models import FormSubmission, WebForm
from marketing.webforms.fields import cut, public_form, shown
from marketing.webforms.receiving import TRAP, Visit, count_view, is_too_often, looks_like_spam, receive, words_of
from marketing.webforms.stamps import BadStamp, new_stamp, read_confirm, read_stamp
from marketing.webforms.taking import confirm

SPOKEN = {"zh": "zh-hans", "en": "en"}


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def form_page(request: HttpRequest, token: str) -> HttpResponse:
    """The form. No cookie guards it: whoever may load the page may send it, once, and not faster than people write."""
    form = _open(token)
    with translation.override(_language(request)):
        return _framed(form, _post(request, form) if request.method == "POST" else _get(request, form))


@never_cache
@require_GET
def thanks_page(request: HttpRequest, token: str) -> HttpResponse:
    """After sending."""
    form = _open(token)
    with translation.override(_language(request)):
        context = {
            "form": form,
            "title": form.said("title"),
            "thanks": form.said("thanks"),
            "embedded": _embedded(request),
        }
        context["waiting"] = "mail" in request.GET
        return _framed(form, render(request, "marketing/form_thanks.html", context))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: looking at it changes nothing, the button does."""
    number = read_confirm(token)
    submission = FormSubmission.objects.select_related("form__owner").filter(pk=number).first() if number else None
    if submission is None:
        raise Http404
    done = submission.state != FormSubmission.State.WAITING
    if request.method == "POST":
        confirm(submission)
        done = True
    context = {"form": submission.form, "title": submission.form.said("title"), "done": done}
    return render(request, "marketing/form_confirm.html", context)


@require_GET
def embed_script(request: HttpRequest) -> HttpResponse:
    """What a website loads to show a form: an address that stays the same with every version."""
    base = f"{request.scheme}://{request.get_host()}"
    answer = render(request, "marketing/embed.js", {"base": base}, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


def _open(token: str) -> WebForm:
    return get_object_or_404(
        WebForm.objects.alive().select_related("owner", "source", "purpose"), token=token, active=True
    )


def _get(request: HttpRequest, form: WebForm) -> HttpResponse:
    count_view(form)
    said = request.GET.dict()
    referrer = request.headers.get("Referer", "")
    if referrer and urlsplit_host(referrer) != request.get_host():
        said.setdefault("landing" if _embedded(request) else "referrer", referrer)
    return _show(request, form, public_form(form), trail_of(said))


def _post(request: HttpRequest, form: WebForm) -> HttpResponse:
    address = client_address(request) or None
    trail = trail_of(request.POST.dict())
    rows = {row.field: row for row in shown(form)}
    made = public_form(form, request.POST)
    if is_too_often(form, address):
        note = _("Too much was sent from here. Please try again in an hour.")
        return _show(request, form, made, trail, note=note, status=429)
    consented = bool(request.POST.get("consent"))
    lacking = bool(words_of(form)[0]) and form.consent_required and not consented
    if not made.is_valid() or lacking or not rows:
        return _show(request, form, made, trail, status=422, lacking=lacking, consented=consented)
    try:
        stamp = read_stamp(form.token, request.POST.get("stamp", ""))
    except BadStamp:
        note = _("Please look it over once more and send it again.")
        return _show(request, form, made, trail, note=note, status=422, consented=consented)
    values = {key: texts for key, texts in cut(request.POST, rows).lists() if any(texts)}
    submission = receive(
        form,
        values,
        stamp=stamp,
        consented=consented,
        spam=looks_like_spam(values, request.POST.get(TRAP, "")),
        visit=Visit(address, _line(request.headers.get("User-Agent", ""))[:200], trail),
    )
    return _thank(request, form, submission)


def _thank(request: HttpRequest, form: WebForm, submission: FormSubmission) -> HttpResponse:
    waiting = submission.state == FormSubmission.State.WAITING
    if form.redirect_url and not waiting and not _embedded(request):
        return HttpResponseRedirect(form.redirect_url, status=303)
    said = [f"lang={translation.get_language()[:2]}"]
    said += ["embed=1"] if _embedded(request) else []
    said += ["mail=1"] if waiting else []
    address = reverse("marketing:form_thanks", args=[form.token])
    return HttpResponseRedirect(f"{address}?{'&'.join(said)}", status=303)


def _show(
    request: HttpRequest, form: WebForm, made: Any, trail: Trail, *, note: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "form": form,
        "made": made,
        "fields": [made[row.field] for row in shown(form) if row.field in made.names],
        "title": form.said("title"),
        "intro": form.said("intro"),
        "button": form.said("button"),
        "consent": words_of(form)[0],
        "trail": trail.as_dict(),
        "trap": TRAP,
        "stamp": new_stamp(form.token),
        "embedded": _embedded(request),
        # Who changes the language came by the same way as before.
        "zh_url": f"?{urlencode(trail.as_dict() | {'lang': 'zh'})}",
        "en_url": f"?{urlencode(trail.as_dict() | {'lang': 'en'})}",
        "note": note,
        **more,
    }
    return render(request, "marketing/form_page.html", context, status=status)


def _framed(form: WebForm, answer: HttpResponse) -> HttpResponse:
    """Which websites may show the page inside of theirs, and where sending it may lead."""
    hosts = [f"https://{host}" for host in form.hosts.split()] + [f"http://{host}" for host in form.hosts.split()]
    update: dict[str, Any] = {"frame-ancestors": [SELF, *hosts]} if hosts else {}
    parts = urlsplit(form.redirect_url)
    if parts.scheme in {"http", "https"} and parts.netloc:
        update["form-action"] = [SELF, f"{parts.scheme}://{parts.netloc}"]
    answer._csp_replace = update
    answer.xframe_options_exempt = bool(hosts)
    answer["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return answer


def _language(request: HttpRequest) -> str:
    return SPOKEN.get(request.GET.get("lang", "")) or translation.get_language() or "zh-hans"


def _embedded(request: HttpRequest) -> bool:
    return request.GET.get("embed") == "1"


def urlsplit_host(address: str) -> str:
    """The host (and port) of an address; empty for nonsense."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _line(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable() and not "\ud800" <= sign <= "\udfff")
