"""The page of contracts and money."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.charts import compared
from analytics.money import CONTRACT, OFFERED, TOOK, MoneyBoard, may
from analytics.sales import today_of
from crm.entities.bound import bind, knows
from crm.entities.entity import registry
from sales.contracts.models import Contract
from sales.planning.worth import in_yuan

PAGE = 100


@require_safe
@login_required
def money_dashboard(request: HttpRequest) -> HttpResponse:
    """Plan and receipts by month, ageing, how long it takes, what is sold."""
    if not may(request.user):
        raise PermissionDenied
    board = MoneyBoard(request.user, request.GET.get("period", ""), today_of())
    part = request.GET.get("part", "")
    context: dict[str, Any] = {"board": board, "periods": OFFERED.items(), "whole": part == "all"}
    if part == "durations":
        return render(request, "analytics/durations.html", context)
    if part in ("mix", "all"):
        context["mix"] = _mix(board)
    if part == "mix":
        return render(request, "analytics/money_mix.html", context)
    return render(request, "analytics/money.html", context | {"blocks": _blocks(board)})


@require_safe
@login_required
def approvals(request: HttpRequest) -> HttpResponse:
    """The approvals of contracts given in the period, the slowest first."""
    board = MoneyBoard(request.user, request.GET.get("period", ""), today_of())
    if not (may(request.user) and knows(request.user, CONTRACT, "state", "signed_on", "amount")):
        raise PermissionDenied
    given = board.approvals.annotate(took=TOOK).select_related("requester").order_by("-took", "pk")
    page = Paginator(given, PAGE).get_page(request.GET.get("page"))
    held = Contract.objects.restrict(request.user).filter(pk__in={one.record_id for one in page})
    contracts = {one.pk: one for one in held.select_related("account").annotate(worth=in_yuan("amount", board.today))}
    names = bind(registry[CONTRACT], request.user).texts(list(contracts.values()), ("account",))
    back = f"{reverse('analytics:money')}?period={board.period}"
    context = {
        "title": _("Approval of a contract"), "period": OFFERED[board.period], "page": page, "total": None, "extra": _("Days"),
        "back": (back, _("Contracts and money")),
        "rows": [
            {
                "title": str(contracts[one.record_id]), "url": registry[CONTRACT].url("record", one.record_id),
                "about": names[one.record_id].get("account", ""), "on": one.ended_at, "person": one.requester,
                "extra": one.took.total_seconds() / 86400, "worth": contracts[one.record_id].worth,
            }
            for one in page
        ],
    }  # fmt: skip
    return render(request, "planning/rows.html", context)


def _mix(board: MoneyBoard) -> dict[str, Any] | None:
    """What was sold; it adds up the lines of contracts, so it comes in a second request."""
    sold = [(label, {_("Sold"): sums}) for label, sums in board.mix]
    return _block("mix", _("Sold by product category"), _("Category"), sold, across=True) if sold else None


def _blocks(board: MoneyBoard) -> list[dict[str, Any]]:
    """Title, headings, rows of sums and drawing of each."""
    planned, received = _("Planned"), _("Received")
    names = (planned, received) if board.knows_payments else (planned,)
    months = [(label, dict(zip(names, pair, strict=False))) for label, *pair in board.months]
    late = [(label, {_("Overdue"): sums}) for label, sums in board.ageing]
    return [
        _block("plan", _("Plan against receipts"), _("Month"), months, wide=True),
        _block("ageing", _("Overdue by age"), _("Overdue since"), late),
    ]


def _block(
    name: str, title: str, heading: str, rows: list[tuple[str, dict]], *, wide: bool = False, across: bool = False
) -> dict[str, Any]:
    filled = any(sums.count for _label, told in rows for sums in told.values())
    return {
        "name": name,
        "title": title,
        "heading": heading,
        "names": list(rows[0][1]),
        "rows": [(label, list(told.values())) for label, told in rows],
        "chart": compared(rows, across=across),
        "filled": filled,
        "wide": wide,
    }
