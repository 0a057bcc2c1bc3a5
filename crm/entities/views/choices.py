"""What a link field or a condition suggests while somebody types: records within rights, twenty at a time."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse

from crm.entities.links import narrowed
from crm.entities.query import find
from crm.entities.views.base import EntityView

SHOWN = 20


class ChoicesView(EntityView):
    """``?q=`` → ``{results: [{id, text, hint}], more}``; without a text the newest records."""

    def get(self, request: HttpRequest) -> JsonResponse:
        text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
        fields = self.bound.visible(self.bound.subtitle)
        relations = {field.relation for field in fields} - {""}
        rows: QuerySet = self.bound.records().filter(find(self.bound, text) if text else Q())
        rows = narrowed(rows, request.GET, request.user)
        rows = (rows.select_related(*relations) if relations else rows).order_by("-pk")[: SHOWN + 1]
        found = list(rows)
        results = [
            {"id": record.pk, "text": str(record), "hint": " · ".join(filter(None, (f.text(record) for f in fields)))}
            for record in found[:SHOWN]
        ]
        return JsonResponse({"results": results, "more": len(found) > SHOWN})
