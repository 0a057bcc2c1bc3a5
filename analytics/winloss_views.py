"""The page of wins and losses, and the sales behind its numbers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from analytics.charts import MOST
from analytics.filters import PERIODS
from analytics.sales import LABEL, may, today_of
from analytics.winloss import CLOSED, Line, WinLoss
from crm.entities.bound import bind
from crm.entities.entity import registry
from sales.models import Opportunity
from sales.planning.worth import in_yuan

PAGE = 100


def _board(request: HttpRequest) -> WinLoss:
    board = WinLoss(request.user, request.GET, today_of()) if may(request.user) else None
    if board is None or not board.allowed:
        raise PermissionDenied
    return board


@require_safe
@login_required
def winloss(request: HttpRequest) -> HttpResponse:
    """What was won and lost in a period, and why."""
    board = _board(request)
    part, cards = request.GET.get("part"), None
    if part in ("cards", "all"):
        cards = {"whole": board.whole(), "days": board.length()}
    if part == "cards":
        return render(request, "analytics/winloss_cards.html", {"cards": cards})
    lines = board.lines()
    context = {
        "board": board, "periods": PERIODS.items(), "cards": cards, "lines": lines,
        "chart": _drawn(lines, board), "query": urlencode(board.asked),
    }  # fmt: skip
    return render(request, "analytics/winloss.html", context)


def _states() -> dict[str, str]:
    return {"won": pgettext("stage", "Won"), "lost": pgettext("stage", "Lost")}


def _drawn(lines: list[Line], board: WinLoss) -> dict[str, Any]:
    names = _states()
    series = [
        {
            "name": names[state],
            "data": [{"value": getattr(line, state).count, "url": getattr(line, state).url} for line in lines[:MOST]],
        }
        for state in CLOSED
        if state in board.way.states
    ]
    return {"kind": "bars", "x": [line.label for line in lines[:MOST]], "series": series, "unit": "", "across": True}


def _days(deal: Opportunity, board: WinLoss) -> int | None:
    if deal.closed_at is None or not board.knows("closed_at", "created_at"):
        return None
    return (deal.closed_at - deal.created_at).days


@require_safe
@login_required
def winloss_rows(request: HttpRequest) -> HttpResponse:
    """The sales that a number counts."""
    board, state = _board(request), request.GET.get("state", "")
    if request.GET.get("by") != board.by or state not in CLOSED:
        raise Http404
    rows = board.of_key(request.GET.get("key", ""), state)
    shown = rows.annotate(worth=in_yuan("amount", "close_date")).select_related("owner", "account")
    page = Paginator(shown.order_by("-amount_key", "pk"), PAGE).get_page(request.GET.get("page"))
    names = bind(registry[LABEL], request.user).texts(list(page), ("account", "owner"))
    total = rows.annotate(worth=in_yuan("amount", "close_date")).aggregate(total=Sum("worth"))["total"] or 0
    back = f"{reverse('analytics:winloss')}?{urlencode({**board.asked, 'by': board.by})}"
    context = {
        "title": f"{board.way.label} · {_states()[state]}", "period": PERIODS[board.period],
        "back": (back, _("Wins and losses")),
        "page": page, "extra": _("Days"), "total": total if board.money else None,
        "rows": [
            {
                "title": deal.name, "url": registry[LABEL].url("record", deal.pk), "about": names[deal.pk].get("account", ""),
                "on": deal.close_date, "extra": _days(deal, board), "person": names[deal.pk].get("owner", ""), "worth": deal.worth if board.money else None,
            }
            for deal in page
        ],
    }  # fmt: skip
    return render(request, "planning/rows.html", context)
