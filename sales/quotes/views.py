"""How the sending of a quote stands."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sales.quotes.models import Quote
from sales.quotes.panels import on_its_way


@login_required
@never_cache
@require_safe
def sending(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel while its PDF is being prepared; once the mail is on its way, or nothing came of it, the whole page anew."""
    quote = get_object_or_404(Quote.objects.restrict(request.user).filter(deleted_at__isnull=True), pk=pk)
    context = on_its_way(quote, request.user)
    if context is None or not context["job"].active:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "quotes/sending.html", context)
