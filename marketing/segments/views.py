"""What is told of segments in second requests."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.entities.totals import EXACT_MS, about, in_time
from marketing.segments.fields import NAME, SEGMENT
from marketing.segments.membership import known, members, of_records
from marketing.segments.models import Segment


@require_safe
@login_required
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """How many members the reader sees, capped in time."""
    if not policy.can(request.user, SEGMENT, "view"):
        raise PermissionDenied
    segment = get_object_or_404(Segment.objects.restrict(request.user), pk=pk)
    bound = bind(registry[segment.of], request.user)
    if not bound.can("view"):
        raise PermissionDenied
    usable = (
        segment.pk in {value for value, _name in bound.filterable[NAME].choices} if NAME in bound.filterable else False
    )
    rows = bound.records().filter(members(segment)) if usable else None
    number = in_time(EXACT_MS, rows.order_by().count) if rows is not None else None
    rough = about(rows) if rows is not None and number is None else None
    context = {"number": number, "rough": rough, "usable": usable}
    return render(request, "segments/count.html", context)


@require_safe
@login_required
def of_one(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The segments that a record is in, those that the reader may use."""
    if not policy.can(request.user, SEGMENT, "view"):
        raise PermissionDenied
    bound, record = seen_record(request.user, label, pk, among=Segment.Of.values)
    usable = {value for value, _name in bound.filterable[NAME].choices} if NAME in bound.filterable else set()
    found = in_time(EXACT_MS, lambda: of_records(label, [record.pk], only=usable))
    segments = [known(label)[one] for one in (found or {}).get(record.pk, []) if one in known(label)]
    return render(request, "segments/of_one.html", {"segments": segments, "late": found is None})
