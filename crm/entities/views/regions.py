"""What the parts of an address suggest: the provinces, and the cities of one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from crm.customfields import regions


@login_required
@require_safe
def suggest_regions(request: HttpRequest) -> JsonResponse:
    """``?province=`` → the names of its cities; without it the names of the provinces."""
    places = regions.known()
    asked = request.GET.get("province", "").strip()[:100]
    if not asked:
        return JsonResponse({"names": [place.name for place in places.provinces]})
    province = regions.named(asked, places.provinces)
    found = [place.name for place in places.cities if province and place.parent == province.name]
    return JsonResponse({"names": found})
