"""The sales dashboard."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics import sales
from analytics.charts import chart
from analytics.dashboard import Dashboard
from analytics.filters import PERIODS, Filters
from analytics.sales import Tally
from crm.entities.views.links import people as find_people
from crm.entities.views.links import suggestions

# As many months as a chart can draw; the table has them all.
MONTHS = 36
# What comes in second requests; “part=all” is the page at once, for whom scripts don't run.
PARTS = {"stages": "analytics/stages.html", "won": "analytics/won.html"}


@require_safe
@login_required
def sales_dashboard(request: HttpRequest) -> HttpResponse:
    """Funnel, stalled money, won by month, rep and source; every number opens its rows."""
    if not sales.may(request.user):
        raise PermissionDenied
    board = Dashboard(request.user, request.GET, sales.today_of())
    part = request.GET.get("part", "")
    context: dict[str, Any] = {"board": board, "periods": PERIODS.items(), "whole": part == "all"}
    if part in {"won", "all"}:
        context["blocks"] = _won_blocks(board) if board.knows_won else []
    if request.htmx and part in PARTS:
        return render(request, PARTS[part], context)
    query = request.GET.copy()
    query.pop("part", None)
    context |= {"query": query.urlencode(), "empty": not board.reach.exists()}
    return render(request, "analytics/sales.html", context)


@require_safe
@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Suggestions of whose numbers to show, where there are too many people to list."""
    if not sales.may(request.user):
        raise PermissionDenied
    offered = Filters(request.user, QueryDict(), sales.today_of()).people
    return suggestions(find_people(offered, request.GET.get("q", "")))


def _won_blocks(board: Dashboard) -> list[dict[str, Any]]:
    """The three views of what was won: title, rows, chart."""
    months = board.months
    found = [_block("months", _("Won by month"), _("Month"), months, chart(months[-MONTHS:], most=MONTHS))]
    if board.knows("owner"):
        found.append(_block("reps", _("Won by owner"), _("Owner"), board.reps, chart(board.reps, across=True)))
    if board.knows("source"):
        found.append(
            _block("sources", _("Won by source"), _("Source"), board.sources, chart(board.sources, across=True))
        )
    return found


def _block(name: str, title: str, heading: str, rows: list[tuple[str, Tally]], drawn: dict) -> dict[str, Any]:
    total = Tally()
    for _label, tally in rows:
        total.count += tally.count
        for currency, amount in tally.sums.items():
            total.sums[currency] = total.sums.get(currency, 0) + amount
    return {"name": name, "title": title, "heading": heading, "rows": rows, "chart": drawn, "total": total}
