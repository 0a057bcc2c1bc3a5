"""The search box, the palette's answers and the full page of results."""

from itertools import groupby

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.search.services import Hit, search


@require_safe
@login_required
def find(request: HttpRequest) -> HttpResponse:
    """Records by name, pinyin, initials, phone tail, e-mail or code; only the list of results when the palette asks."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    palette = bool(request.htmx)
    hits = search(request.user, query, limit=12 if palette else 60)
    hits = sorted(hits, key=lambda hit: _order(hits, hit))
    groups = [(entity, list(found)) for entity, found in groupby(hits, key=lambda hit: hit.entity.label)]
    found = [
        {"entity": of_entity[0].entity, "hits": [_shown(hit) for hit in of_entity]} for _label, of_entity in groups
    ]
    template = "search/results.html#hits" if palette else "search/results.html"
    return render(request, template, {"query": query, "groups": found})


def _order(hits: list[Hit], hit: Hit) -> int:
    """Entities in the order of their best hit."""
    return next(i for i, other in enumerate(hits) if other.entity.label == hit.entity.label)


def _shown(hit: Hit) -> dict:
    facts = [field.text(hit.record) for field in hit.entity.visible(hit.entity.entity.subtitle)]
    return {
        "url": hit.entity.entity.url("record", hit.record.pk),
        "title": str(hit.record),
        "facts": " · ".join(fact for fact in facts if fact),
        "icon": hit.entity.entity.icon,
    }
