"""Pages of targets, attainment, forecast and cash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.records.actor import Actor
from sales.planning import cash, snapshots, targets
from sales.planning import forecast as forecasts
from sales.planning.actuals import Actuals
from sales.planning.attainment import STEPS, Board, rate_of
from sales.planning.models import ADJUSTMENT, TARGET, ZERO, Target, months_of
from sales.planning.sources import told_to
from sales.planning.subjects import Subject, level, sees, tree

PAGE = 100


def _year(query: QueryDict, today: date) -> int:
    text = query.get("year", "")
    return int(text) if text.isdigit() and 1901 < int(text) < 2199 else today.year


def _metric(query: QueryDict, offered: Sequence[str]) -> str:
    asked = query.get("metric", "")
    return asked if asked in offered else offered[0]


def _metrics(names: Sequence[str]) -> list[tuple[str, Any]]:
    return [(name, label) for name, label in Target.Metric.choices if name in names]


@require_safe
@login_required
def attainment(request: HttpRequest) -> HttpResponse:
    """Targets against what was reached, by month, quarter or year, with who leads."""
    offered = told_to(request.user)
    if not (sees(request.user, TARGET) and forecasts.knows_targets(request.user) and offered):
        raise PermissionDenied
    today = timezone.localdate()
    year, metric = _year(request.GET, today), _metric(request.GET, offered)
    by = request.GET.get("by", "")
    board = Board(request.user, metric, year, by if by in STEPS else "quarter")
    order = "amount" if request.GET.get("order") == "amount" else "rate"
    subjects, way = level(board.subjects, request.GET.get("of", ""))
    month = [date(year, today.month, 1)]
    context = {
        "board": board, "rows": board.rows(subjects), "way": way, "folded": len(subjects) < len(board.subjects),
        "metrics": _metrics(offered), "steps": [("month", _("Month")), ("quarter", _("Quarter")), ("year", _("Year"))],
        "years": range(today.year - 3, today.year + 2), "money": metric in Target.MONEY, "order": order,
        "leaders": board.leaders(months_of(year), order), "month": month[0], "leaders_month": board.leaders(month, order),
        "may_plan": policy.can(request.user, TARGET, "change"),
    }  # fmt: skip
    return render(request, "planning/attainment.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """The grid of a year: GET shows what is saved; POST saves it, or spreads or drafts what was typed without saving."""
    user = request.user
    if not (policy.can(user, TARGET, "change") and policy.can(user, TARGET, "add") and forecasts.knows_targets(user)):
        raise PermissionDenied
    today = timezone.localdate()
    query = request.POST if request.method == "POST" else request.GET
    year, metric = _year(query, today), _metric(query, Target.Metric.values)
    saved, mark = targets.grid_of(user, metric, year, "change")
    subjects = tree(user, TARGET, "change", people={int(key[1:]) for key in saved if key[0] == "u"})
    grid, status = saved, 200
    errors: list[str] = []
    if request.method == "POST":
        grid, errors = _read(request.POST, subjects, metric)
        if not errors:
            try:
                done = _do(request, subjects, grid, metric, year)
            except ValidationError as error:
                errors, status = error.messages, 409 if request.POST.get("do", "save") == "save" else 422
            else:
                if done is not None:
                    messages.success(request, _("%(count)d targets saved.") % {"count": done})
                    return redirect(f"{request.path}?year={year}&metric={metric}")
        else:
            status = 422
    before = Actuals(user, metric, date(year - 1, 1, 1), date(year - 1, 12, 31))
    context = {
        "rows": _lines(subjects, grid, year, before), "last": year - 1 if metric in told_to(user) else None, "year": year, "metric": metric, "metrics": Target.Metric.choices,
        "years": range(today.year - 1, today.year + 3), "mark": mark, "errors": errors,
        "growth": query.get("growth", ""), "unsaved": grid is not saved, "back": targets.YEARS_BACK,
        "bound": bind(registry[TARGET], user), "money": metric in Target.MONEY, "list_url": registry[TARGET].url("list"),
    }  # fmt: skip
    return render(request, "planning/plan.html", context, status=status)


def _read(posted: QueryDict, subjects: list[Subject], metric: str) -> tuple[targets.Grid, list[str]]:
    grid, errors = {}, []
    for subject in subjects:
        cells: list[Any] = []
        for month in range(1, 13):
            text = posted.get(f"{subject.key}-{month}", "")
            try:
                cells.append(targets.read_cell(text, metric))
            except ValueError as error:
                cells.append(text)
                errors.append(f"{subject.name} {month:02}: {error}")
        grid[subject.key] = cells
    return grid, errors


def _do(request: HttpRequest, subjects: list[Subject], grid: targets.Grid, metric: str, year: int) -> int | None:
    """Save (how many), or change the grid in place (None)."""
    do = request.POST.get("do", "save")
    if do == "save":
        return targets.save_grid(
            request.user, metric, year, grid, request.POST.get("mark", ""), actor=Actor.of(request)
        )
    history = targets.history_of(request.user, metric, year)
    growth = _growth(request.POST.get("growth", ""))
    for subject in subjects:
        cells = grid[subject.key]
        total = _total(request.POST.get(f"{subject.key}-total", ""), cells, metric)
        if do == "draft":
            drafted = targets.draft(history, subject, year, growth)
            grid[subject.key] = [old if old is not None else new for old, new in zip(cells, drafted, strict=True)]
        elif total:
            weights = [Decimal(1)] * 12
            if do == "season":
                weights = targets.season(history, subject, year)
            grid[subject.key] = list(targets.spread(total, weights))
    return None


def _growth(text: str) -> Decimal | None:
    try:
        return max(Decimal(-90), min(Decimal(500), Decimal(text))) if text.strip() else None
    except InvalidOperation:
        raise ValidationError(_("Enter the growth as a number of percent.")) from None


def _total(text: str, cells: Sequence[Decimal | None], metric: str) -> Decimal:
    """The typed total of a row, else what its months add up to."""
    try:
        typed = targets.read_cell(text, metric)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    return typed if typed is not None else sum((cell for cell in cells if cell is not None), ZERO)


def _lines(subjects: list[Subject], grid: targets.Grid, year: int, before: Actuals) -> list[dict[str, Any]]:
    """A row each, with the sum of what stands below it where that differs, and what the year before brought."""
    sums = {s.key: sum((c for c in grid.get(s.key, []) if isinstance(c, Decimal)), ZERO) for s in subjects}
    lines = []
    for subject in subjects:
        below = sum((sums[key] for key in subject.children), ZERO)
        own = sums[subject.key]
        last = before.of(subject, months_of(year - 1))
        cells = list(enumerate(grid.get(subject.key, [None] * 12), 1))
        lines.append(
            {
                "subject": subject,
                "cells": cells,
                "total": own or None,
                "last": last,
                "change": rate_of(own - last, last) if own and last else None,
                "below": below if below and below != own else None,
            }
        )
    return lines


@require_safe
@login_required
def forecast(request: HttpRequest) -> HttpResponse:
    """The forecast of a month or quarter, rolled up; with what changed since a snapshot, and how near forecasts came."""
    if not forecasts.may(request.user):
        raise PermissionDenied
    today = timezone.localdate()
    period = forecasts.Period.read(request.GET.get("period", ""), today)
    if request.htmx and request.GET.get("part") == "accuracy":
        told = snapshots.accuracy(request.user, period, today)
        return render(request, "planning/accuracy.html", {"accuracy": told})
    board = forecasts.Forecast(request.user, period, today)
    whole = request.GET.get("part") == "all"
    other = forecasts.Period.read(
        f"{period.first:%Y-%m}" if period.months == 3 else f"{period.first.year}-Q{(period.first.month - 1) // 3 + 1}",
        today,
    )
    subjects, way = level(board.named, request.GET.get("of", ""))
    shown = {subject.key for subject in subjects}
    context = {
        "rows": [row for row in board.rows if row["subject"].key in shown], "way": way,
        "folded": len(subjects) < len(board.named), "board": board, "period": period, "other": other, "whole": whole,
        "accuracy": snapshots.accuracy(request.user, period, today) if whole else [], "before": period.moved(-1), "after": period.moved(1),
        "days": snapshots.days(1),
        "may_adjust": policy.can(request.user, ADJUSTMENT, "add"), "adjust_url": registry[ADJUSTMENT].url("add"),
        "headings": [pgettext("forecast", "Closed"), _("Commit"), _("Best case"), pgettext("forecast", "Pipeline"), _("Omitted")],
    }  # fmt: skip
    return render(request, "planning/forecast.html", context)


def _subject(request: HttpRequest, board: forecasts.Forecast) -> Subject | None:
    key = request.GET.get("subject", "")
    found = next((one for one in board.named if one.key == key), None)
    if key and found is None:
        raise Http404
    return found


@require_safe
@login_required
def deals(request: HttpRequest) -> HttpResponse:
    """The opportunities that a figure of the forecast adds up."""
    if not forecasts.may(request.user):
        raise PermissionDenied
    today = timezone.localdate()
    board = forecasts.Forecast(request.user, forecasts.Period.read(request.GET.get("period", ""), today), today)
    subject, category = _subject(request, board), request.GET.get("category", "")
    if category not in forecasts.CATEGORIES:
        raise Http404
    page = Paginator(board.deals(subject, category), PAGE).get_page(request.GET.get("page"))
    names = bind(registry[forecasts.DEALS], request.user).texts(list(page), ("account", "owner"))
    context = {
        "board": board, "whom": subject.name if subject else _("All"), "page": page, "figure": board.figures(subject)[category],
        "category": dict(zip(forecasts.CATEGORIES, [pgettext("forecast", "Closed"), _("Commit"), _("Best case"), pgettext("forecast", "Pipeline"), _("Omitted")], strict=True))[category],
        "rows": [(deal, names[deal.pk]) for deal in page],
        "query": request.GET.urlencode(),
    }  # fmt: skip
    return render(request, "planning/deals.html", context)


@require_safe
@login_required
def changes(request: HttpRequest) -> HttpResponse:
    """What changed in a period since a snapshot, opportunity by opportunity."""
    if not forecasts.may(request.user):
        raise PermissionDenied
    today = timezone.localdate()
    period = forecasts.Period.read(request.GET.get("period", ""), today)
    board = forecasts.Forecast(request.user, period, today)
    days = snapshots.days()
    since = next((day for day in days if str(day) == request.GET.get("since")), days[0] if days else None)
    subject = _subject(request, board)
    context: dict[str, Any] = {
        "period": period,
        "days": days,
        "since": since,
        "subject": subject,
        "subjects": board.named,
    }
    if since:
        rows = snapshots.changed(request.user, period, since, subject, today)
        page = Paginator(rows.select_related("owner", "stage").order_by("kind", "-amount_key", "pk"), PAGE)
        context["sums"] = snapshots.summed(rows)
        page.count = sum(count for _label, count, _total in context["sums"])  # they are counted already
        context["page"] = page.get_page(request.GET.get("page"))
        names = bind(registry[forecasts.DEALS], request.user).texts(list(context["page"]), ("owner",))
        context["rows"] = [
            snapshots.Change(deal, deal.kind, deal.by, names[deal.pk].get("owner", "")) for deal in context["page"]
        ]
    return render(request, "planning/changes.html", context)


@require_safe
@login_required
def cash_outlook(request: HttpRequest) -> HttpResponse:
    """Money to come by month."""
    if not cash.may(request.user):
        raise PermissionDenied
    today = timezone.localdate()
    months, this = cash.outlook(request.user, today), today.replace(day=1)
    always = {"received", "due", "weighted"}
    names = [n for n in cash.told_to(request.user) if n in always or any(month.sums.get(n) for month in months)]
    added, lines = ZERO, []
    for month in months:
        added += month.total if month.first >= this else ZERO
        lines.append((month, month.cells(names), added if month.first >= this else None))
    context = {
        "months": lines, "headings": [cash.FLOWS[name].label for name in names], "this": this,
        "chart": cash.drawn(months, names, [sum_of for _month, _cells, sum_of in lines]),
    }  # fmt: skip
    return render(request, "planning/cash.html", context)
