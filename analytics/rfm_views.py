"""RFM: who lies in which class, and how the bands are set."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.models import SCORED, Of, RfmClass, RfmRun, RfmSetting
from analytics.rfm import BUCKETS, bounds_of, scores_of, spread
from analytics.rfm_forms import RfmForm
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.entities.totals import EXACT_MS, in_time
from crm.jobs.services import start_job

SCALE = (5, 4, 3, 2, 1)
GRID = ("rfm.recency", "rfm.frequency")


def may(user: Any, of: str = Of.ACCOUNT) -> bool:
    """Whether the user may know the classes of accounts, or of what else is scored."""
    bound = bind(registry[of], user)
    return bound.can("view") and bool(bound.readable(["rfm.class"]))


def _asked(request: HttpRequest) -> str:
    """Whose scores the page is about."""
    of = request.GET.get("of") or Of.ACCOUNT
    if of not in SCORED:
        raise Http404
    return of


def _about(request: HttpRequest, of: str) -> dict[str, Any]:
    """What both pages say of whose scores they show: where else to look, and the last run."""
    tabs = [
        {"url": f"?of={label}", "label": registry[label].plural, "active": label == of}
        for label in SCORED
        if may(request.user, label)
    ]
    return {"of": of, "tabs": tabs, "run": RfmRun.objects.filter(of=of).first()}


def may_set(user: Any) -> bool:
    """Whether the user sets the bands."""
    return user.has_perm("analytics.change_rfmsetting")


@require_safe
@login_required
def matrix(request: HttpRequest) -> HttpResponse:
    """How many of each class, and of each pair of recency and frequency, as far as the reader sees them."""
    of = _asked(request)
    if not may(request.user, of):
        raise PermissionDenied
    bound = bind(registry[of], request.user)
    context = _about(request, of) | {"may_set": may_set(request.user)}
    whole = request.GET.get("part") == "all"
    if not request.htmx and not whole:
        return render(request, "analytics/rfm.html", context)
    rows = bound.records().order_by()
    context |= {"classes": _classes(bound, rows), "grid": _grid(bound, rows), "scale": SCALE[::-1]}
    return render(request, "analytics/rfm.html" if whole else "analytics/rfm_matrix.html", context)


def _classes(bound: BoundEntity, rows: QuerySet) -> list[dict[str, Any]] | None:
    """None: the database needed too long."""
    money = bool(bound.readable(["rfm.amount"]))
    wanted = {"count": Count("pk")} | ({"total": Sum("rfm__amount")} if money else {})
    found = in_time(EXACT_MS, lambda: list(rows.values("rfm__rfm_class").annotate(**wanted)))
    if found is None:
        return None
    counted = {row["rfm__rfm_class"]: row for row in found}
    everybody = sum(row["count"] for row in found if row["rfm__rfm_class"] != RfmClass.NONE) or 1
    return [
        {
            "name": name,
            "label": name.label,
            "colour": RfmClass.colours()[name],
            "count": (row := counted.get(name, {})).get("count", 0),
            "share": None if name == RfmClass.NONE else round(100 * row.get("count", 0) / everybody),
            "total": row.get("total") if money else None,
            "url": _address(bound, {"rfm.class": name.value}),
        }
        for name in RfmClass
    ]


def _grid(bound: BoundEntity, rows: QuerySet) -> list[tuple[int, list[dict[str, Any]]]] | None:
    """Rows of recency, cells of frequency; None where the reader may not know them, or it takes too long."""
    if len(bound.readable(GRID)) < len(GRID):
        return None
    bought = rows.filter(rfm__recency__gt=0).values_list("rfm__recency", "rfm__frequency")
    found = in_time(EXACT_MS, lambda: list(bought.annotate(count=Count("pk"))))
    if found is None:
        return None
    counts = {(r, f): count for r, f, count in found}
    most = max(counts.values(), default=0) or 1

    def cell(r: int, f: int) -> dict[str, Any]:
        count = counts.get((r, f), 0)
        heat = 0 if not count else 1 + 3 * count // most
        return {"count": count, "heat": heat, "url": _address(bound, {"rfm.recency": r, "rfm.frequency": f})}

    return [(r, [cell(r, f) for f in SCALE[::-1]]) for r in SCALE]


def _address(bound: BoundEntity, query: dict[str, Any]) -> str:
    columns = ",".join(["name", "owner", "rfm.class", "rfm.score", "rfm.last_on", "rfm.times", "rfm.amount"])
    return f"{bound.url('list')}?{urlencode(query | {'cols': columns, 'sort': '-rfm.amount'})}"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def setup(request: HttpRequest) -> HttpResponse:
    """The bands with what lies in them, and what the classes would be; saved for the next run."""
    if not may_set(request.user):
        raise PermissionDenied
    of = _asked(request)
    setting, today = RfmSetting.current(of), timezone.localdate()
    form = RfmForm(request.POST or None, instance=setting)
    valid = form.is_valid() if request.method == "POST" else True
    if valid and request.method == "POST" and "preview" not in request.POST:
        setting = form.save(commit=False)
        setting.changed_by = request.user
        setting.save()
        return _started(request, of)
    context = _about(request, of) | {"form": form}
    if valid:
        bounds = bounds_of(setting, today)
        now, counts = (context["run"].counts if context["run"] else {}), scores_of(setting, bounds, today)
        context["classes"] = [
            (name.label, RfmClass.colours()[name], now.get(name.value, 0), counts[name.value])
            for name in RfmClass
            if name != RfmClass.NONE
        ]
        context["bands"] = _bands(spread(setting, today, bounds))
    return render(request, "analytics/rfm_setup.html", context, status=200 if valid else 422)


def _bands(found: dict[str, list[tuple[Any, Any, int]]]) -> list[dict[str, Any]]:
    """The histogram of each figure: label of the band, points, how many, the most of any."""
    labels = {
        "days": _("Days since the last purchase"),
        "times": _("Number of purchases"),
        "amounts": _("Amount in yuan"),
    }
    bands = []
    for name, rows in found.items():
        most = max(count for _low, _high, count in rows) or 1
        bars = [
            {
                "label": _between(low, high),
                "points": BUCKETS - i if name == "days" else i + 1,
                "count": count,
                "most": most,
            }
            for i, (low, high, count) in enumerate(rows)
        ]
        bands.append({"label": labels[name], "bars": bars})
    return bands


def _between(low: Any, high: Any) -> str:
    if low is None:
        return f"< {high:,}"
    return f"≥ {low:,}" if high is None else f"{low:,} – {high:,}"


@require_POST
@login_required
def score_now(request: HttpRequest) -> HttpResponse:
    """Score all of them now."""
    if not may_set(request.user):
        raise PermissionDenied
    return _started(request, _asked(request))


def _started(request: HttpRequest, of: str) -> HttpResponse:
    job = start_job("analytics.rfm", user=request.user, params={"of": of}, title=_("RFM scoring"))
    messages.success(request, _("They are being scored."))
    return redirect("jobs:job", job.pk)
