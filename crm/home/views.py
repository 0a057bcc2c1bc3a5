"""Counts in the navigation."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from crm.entities.bound import bind
from crm.entities.entity import registry

MOST = 99


@require_safe
@login_required
def count(request: HttpRequest, label: str) -> HttpResponse:
    """How many records of an entity call for the person's action, as far as it matters; empty when none do."""
    entity = registry.get(label)
    if entity is None or not entity.attention:
        raise Http404
    bound = bind(entity, request.user)
    if not bound.can("view"):
        raise PermissionDenied
    rows = bound.records().filter(bound.condition(entity.attention).q(bound.reader()))
    found = len(rows.order_by().values_list("pk")[: MOST + 1])
    return HttpResponse("" if not found else f"{MOST}+" if found > MOST else str(found))
