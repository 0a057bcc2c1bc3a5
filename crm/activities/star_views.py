"""Setting one's own star on a record."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from crm.activities.starring import set_star
from crm.entities.finding import seen_record


@login_required
@require_POST
def star(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Star a record that the person sees, or take the star off; then back to where they were."""
    bound, record = seen_record(request.user, label, pk)
    on = request.POST.get("on") == "1"
    set_star(record, request.user, on=on)
    if request.htmx:
        context = {"star_url": request.path, "starred": on, "id": record.pk, "form": "star"}
        return render(request, "components/star.html", context)
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if safe else bound.url("record", record.pk))
