"""The rows behind a number: what counted for whom, and what makes a month of the cash outlook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Model, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.users.models import User
from sales.planning import cash, snapshots
from sales.planning import forecast as forecasts
from sales.planning.attainment import Board
from sales.planning.crediting import credits_of
from sales.planning.models import TARGET, ZERO, Target, months_of
from sales.planning.sources import SOURCES, Metric, told_to
from sales.planning.subjects import sees

PAGE = 100


def _lines(user: Any, label: str, records: Sequence[Model], about: str) -> dict[int, dict[str, Any]]:
    """What a page says of each record by its id."""
    names = bind(registry[label], user).texts(list(records), (about, "owner"))
    return {
        record.pk: {
            "title": str(record), "url": registry[label].url("record", record.pk),
            "about": names[record.pk].get(about, ""), "person": names[record.pk].get("owner", ""),
        }
        for record in records
    }  # fmt: skip


def _day(request: HttpRequest, name: str) -> date:
    try:
        found = parse_date(request.GET.get(name, ""))
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


@require_safe
@login_required
def credits(request: HttpRequest) -> HttpResponse:
    """What counts for a person or a department in some months, row by row."""
    user, metric = request.user, request.GET.get("metric", "")
    if not (sees(user, TARGET) and forecasts.knows_targets(user)) or metric not in told_to(user):
        raise PermissionDenied
    first, last = _day(request, "first"), _day(request, "last")
    if metric not in Target.MONEY or first.day != 1 or first.year != last.year or first > last:
        raise Http404
    board = Board(user, metric, first.year)
    subject = next((one for one in board.subjects if one.key == request.GET.get("subject")), None)
    if subject is None:
        raise Http404
    months = [month for month in months_of(first.year) if first <= month <= last]
    page = Paginator(credits_of(user, metric, subject, first, last), PAGE).get_page(request.GET.get("page"))
    source = SOURCES[Metric(metric)]
    records = (
        source.model.objects.restrict(user)
        .filter(pk__in={row["pk"] for row in page})
        .select_related("account", "owner")
    )
    known = _lines(user, source.label, records, "account")
    people = User.objects.in_bulk({row["person"] for row in page})
    hidden = {"title": _("Part in a sale of others"), "url": "", "about": ""}
    context = {
        "title": f"{subject.name} · {Target.Metric(metric).label}",
        "period": f"{first:%Y-%m}" if len(months) == 1 else f"{first:%Y-%m} – {last:%Y-%m}",
        "total": board.actuals.of(subject, months), "page": page, "back": (reverse("planning:attainment"), _("Attainment")),
        "rows": [known.get(row["pk"], hidden) | {"on": row["on"], "person": people[row["person"]], "worth": row["part"]} for row in page],
    }  # fmt: skip
    return render(request, "planning/rows.html", context)


@require_safe
@login_required
def expected(request: HttpRequest) -> HttpResponse:
    """What the first snapshot of a period expected of it, by which accuracy is measured."""
    user, today = request.user, timezone.localdate()
    if not forecasts.may(user):
        raise PermissionDenied
    period = forecasts.Period.read(request.GET.get("period", ""), today)
    day = snapshots.first_in(period, snapshots.days(100))
    if day is None:
        raise Http404
    lines = snapshots.expected(user, period, day)
    page = Paginator(lines.select_related("opportunity__account", "opportunity__owner").order_by("-worth", "pk"), PAGE)
    shown = page.get_page(request.GET.get("page"))
    known = _lines(user, forecasts.DEALS, [line.opportunity for line in shown], "account")
    context = {
        "title": _("Expected"), "period": f"{period} · {day}", "total": lines.aggregate(total=Sum("worth"))["total"] or ZERO,
        "page": shown, "back": (reverse("planning:forecast"), _("Forecast")),
        "rows": [
            known[line.opportunity_id] | {"on": line.close_date, "worth": line.worth}
            | ({"url": ""} if line.opportunity.deleted_at else {}) for line in shown
        ],
    }  # fmt: skip
    return render(request, "planning/rows.html", context)


@require_safe
@login_required
def cash_rows(request: HttpRequest) -> HttpResponse:
    """What makes a number of the cash outlook."""
    user, today = request.user, timezone.localdate()
    name = request.GET.get("flow", "")
    month = next((one for one in cash.months_around(today) if f"{one:%Y-%m}" == request.GET.get("month")), None)
    if not cash.may(user) or name not in cash.told_to(user):
        raise PermissionDenied
    if month is None:
        raise Http404
    flow = cash.FLOWS[name]
    rows = cash.flow_rows(user, name, today).filter(of_month=month)
    shown = rows.select_related("owner", flow.about, *flow.linked).order_by("on", "pk")
    page: Page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    known = _lines(user, flow.entity, list(page), flow.about)
    context = {
        "title": flow.label, "period": f"{month:%Y-%m}", "page": page,
        "total": rows.aggregate(total=Sum("worth"))["total"] or ZERO,
        "back": (reverse("planning:cash"), _("Cash outlook")),
        "rows": [known[row.pk] | {"on": row.on, "worth": row.worth} for row in page],
    }  # fmt: skip
    return render(request, "planning/rows.html", context)
