"""The statement of points beyond its first page, and as a file."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.entities.finding import seen_record
from crm.exchange.sheets import csv_lines
from crm.lib.http import client_address
from crm.records.audit import audit
from customers.loyalty.ledger import MEMBERSHIPS
from customers.loyalty.models import PointsEntry
from customers.loyalty.panels import knows, statement


def _record(request: HttpRequest, label: str, pk: int, action: str) -> Any:
    """The record, if the user may do that with it and know its points; 404 hides the rest."""
    _bound, record = seen_record(request.user, label, pk, action, among=MEMBERSHIPS)
    if not knows(record, request.user):
        raise PermissionDenied
    return record


@require_safe
@login_required
def earlier(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Further rows of the statement."""
    record = _record(request, label, pk, "view")
    entries, more = statement(record, request.GET.get("before", ""))
    context = {"record": record, "label": label, "entries": entries, "earlier": more}
    return render(request, "loyalty/rows.html" if request.htmx else "loyalty/statement_page.html", context)


@require_safe
@login_required
def export(request: HttpRequest, label: str, pk: int) -> StreamingHttpResponse:
    """The whole statement, the earliest first."""
    record = _record(request, label, pk, "export")
    rows = PointsEntry.objects.filter(entity=label, record_id=pk).select_related("actor").order_by("id")
    audit(request.user, "exported", entity=label, record_ids=[pk], address=client_address(request) or None)
    response = StreamingHttpResponse(csv_lines(_lines(rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="points-{record.pk}.csv"'
    return response


def _lines(rows: Any) -> Any:
    yield [_("When"), _("Kind"), _("Points"), _("Balance"), _("Reason"), _("Good until"), _("By")]
    for one in rows.iterator(chunk_size=1000):
        when = localtime(one.at).strftime("%Y-%m-%d %H:%M")
        yield [
            when,
            one.get_kind_display(),
            one.points,
            one.balance,
            one.reason,
            one.expires_on or "",
            str(one.actor or ""),
        ]
