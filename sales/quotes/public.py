"""The customer's page of a quote: whoever has the link reads it, asks, chooses, accepts or declines. GET changes nothing but its count."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from crm.documents.printing import company, pdf_of
from crm.lib.http import client_address
from crm.lib.often import too_often
from sales.catalogue.totals import added_up
from sales.quotes import answering
from sales.quotes.links import quote_of_token
from sales.quotes.models import Quote

SPOKEN = {"zh": "zh-hans", "en": "en"}
LONGEST_NAME, LONGEST_TEXT = 200, 2000
MOST = 20
"""PDFs for one address in a minute."""
State = Quote.State


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, token: str) -> HttpResponse:
    """The quote. No cookie guards it: the address itself is what allows to answer."""
    quote = _open(token)
    with translation.override(_language(request)):
        if request.method == "POST":
            return _post(request, quote)
        if not request.user.is_authenticated and quote.state == State.SENT:
            answering.note_opened(quote, timezone.now())
        return _page(request, quote)


@never_cache
@require_GET
def offer_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The same as a PDF."""
    quote = _open(token)
    if quote.state == State.SUPERSEDED:
        raise Http404
    language = _language(request)
    if too_often("offer.pdf", request, MOST):
        with translation.override(language):
            note = _("Too many requests came. Please try again in a minute.")
            return _page(request, quote, note=note, status=429)
    try:
        content = pdf_of(quote, None, language)
    except ValidationError as error:
        with translation.override(language):
            return _page(request, quote, note=" ".join(error.messages), status=422)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{quote.number}.pdf"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _open(token: str) -> Quote:
    quote = quote_of_token(token)
    if quote is None or quote.state in (State.DRAFT, State.APPROVING):
        raise Http404
    return quote


def _post(request: HttpRequest, quote: Quote) -> HttpResponse:
    now, name = timezone.now(), _words(request, "name", LONGEST_NAME)
    do, chosen = request.POST.get("do", ""), _chosen(request)
    try:
        match do:
            case "choose":
                return _page(request, quote, chosen=chosen)
            case "ask":
                return _ask(request, quote, name)
            case "accept":
                if not name:
                    raise ValidationError(_("Type your name: it stands for your signature."))
                answering.accept(
                    quote,
                    name=name,
                    chosen=chosen,
                    address=client_address(request) or "",
                    agent=_line(request.headers.get("User-Agent", ""))[:200],
                    shown=request.POST.get("shown", ""),
                    now=now,
                )
            case "decline":
                reason = _words(request, "reason", 500)
                if not reason:
                    raise ValidationError(_("Please say in a word why."))
                answering.decline(quote, reason=reason, address=client_address(request) or "", now=now)
            case _:
                raise ValidationError(_("Please try again."))
    except ValidationError as error:
        status = 409 if isinstance(error, answering.Closed) else 422
        again = quote_of_token(_token(request)) or quote
        return _page(request, again, note=" ".join(error.messages), status=status, chosen=chosen)
    return _back(request, "answered")


def _ask(request: HttpRequest, quote: Quote, name: str) -> HttpResponse:
    text = _words(request, "question", LONGEST_TEXT)
    if not text:
        raise ValidationError(_("Type your question first."))
    if quote.state == State.SUPERSEDED:
        raise answering.Closed(_("This quote can't be answered any more."))
    if not answering.ask(quote, text, name, timezone.now()):
        note = _("Many questions came within the hour. Please call us instead.")
        return _page(request, quote, note=note, status=429)
    return _back(request, "asked")


def _page(
    request: HttpRequest, quote: Quote, *, note: str = "", status: int = 200, chosen: set[int] | None = None
) -> HttpResponse:
    lines = list(quote.lines.filter(deleted_at__isnull=True).select_related("product").order_by("position", "pk"))
    open_ = answering.can_be_answered(quote, timezone.now())
    if open_ and chosen is not None:
        answering.with_choice(lines, chosen)
    (_listed, net, tax, total), each = added_up(quote, lines)
    context: dict[str, Any] = {
        "quote": quote,
        "company": company(),
        "rows": [{"line": line, "amount": values[0]} for line, values in zip(lines, each, strict=True)],
        "has_options": any(line.optional for line in lines),
        "net": net,
        "tax": tax,
        "total": total,
        "open": open_,
        "over": quote.state == State.EXPIRED or (quote.state == State.SENT and quote.is_over()),
        "shown": answering.fingerprint(quote),
        "note": note,
        "said": request.GET.get("said", ""),
        "typed": {name: request.POST.get(name, "")[:LONGEST_TEXT] for name in ("name", "question", "reason")},
        "pdf_url": reverse("quotes:offer_pdf", args=[_token(request)]) + f"?lang={translation.get_language()[:2]}",
        "title": _("Quote %(number)s") % {"number": quote.number},
        "language": translation.get_language()[:2],
    }
    answer = render(request, "quotes/offer.html", context, status=status)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _back(request: HttpRequest, said: str) -> HttpResponse:
    address = reverse("quotes:offer", args=[_token(request)])
    return HttpResponseRedirect(f"{address}?said={said}&lang={translation.get_language()[:2]}", status=303)


def _token(request: HttpRequest) -> str:
    return request.resolver_match.kwargs["token"]


def _chosen(request: HttpRequest) -> set[int]:
    return {
        int(text)
        for text in request.POST.getlist("chosen")[:2000]
        if text.isascii() and text.isdigit() and len(text) < 19
    }


def _words(request: HttpRequest, name: str, longest: int) -> str:
    """What was typed, without what can't be stored or read."""
    text = request.POST.get(name, "")[: longest * 2]
    return "".join(s for s in text if s in "\n\t" or s.isprintable() and not "\ud800" <= s <= "\udfff").strip()[
        :longest
    ]


def _line(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable() and not "\ud800" <= sign <= "\udfff")


def _language(request: HttpRequest) -> str:
    return SPOKEN.get(request.GET.get("lang", "")) or translation.get_language() or "zh-hans"
