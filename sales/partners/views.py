"""Pages of the house about partners that no single record makes up."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from sales.partners.ranking import PERIODS, Line, Ranking


def may_rank(user: Any) -> bool:
    """Whoever sees partners and what was forwarded to them."""
    return policy.can(user, "partners.partner", "view") and policy.can(user, "partners.leadforward", "view")


@login_required
@require_safe
def ranking(request: HttpRequest) -> HttpResponse:
    """Partners by forwarded leads, accepted rate and what was won."""
    if not may_rank(request.user):
        raise PermissionDenied
    board = Ranking(request.user, request.GET, timezone.localdate())
    entity = registry["partners.partner"]
    told = bind(entity, request.user).texts([line.partner for line in board.lines if line.partner], ("level", "owner"))
    rows = [{"line": line, "told": told[line.pk], **_links(board, line)} for line in board.lines]
    context = {"board": board, "rows": rows, "periods": PERIODS.items(), "entity": entity}
    return render(request, "partners/ranking.html", context)


def _links(board: Ranking, line: Line) -> dict[str, str]:
    """Where each number leads."""
    forwards, deals = "partners.leadforward", "partners.dealregistration"
    return {
        "forwarded": line.link(forwards, board.since),
        "accepted": line.link(forwards, board.since, "accepted", "won", "lost"),
        "registered": line.link(deals, board.since) if board.knows_deals else "",
    }
