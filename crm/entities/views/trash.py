"""What a person may take out of the trash."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from crm.entities.merged import present_ids
from crm.entities.paging import BadCursor, paginate
from crm.entities.refs import Ref, refs
from crm.entities.views.base import EntityView


class TrashView(EntityView):
    """Deleted records, the latest first."""

    action = "delete"
    template = "trash"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = self.bound.model.objects.trash(request.user).select_related("owner", "updated_by")
        here = self.bound.url("trash")
        try:
            page = paginate(
                rows,
                "deleted_at",
                descending=True,
                after=request.GET.get("after", ""),
                before=request.GET.get("before", ""),
            )
        except BadCursor:
            return redirect(here)
        may = self.bound.can("purge")
        return self.page(
            page=page,
            rows=self._rows(list(page)),
            may_purge=may,
            purgeable=self.bound.reachable((record.pk for record in page), "purge") if may else set(),
            previous_url=f"{here}?before={page.before}" if page.before else "",
            next_url=f"{here}?after={page.after}" if page.after else "",
            list_url=self.bound.url("list"),
        )

    def _rows(self, found: list[Any]) -> list[tuple[Any, Ref | None]]:
        """Each record with the one it was merged into, as far as the person may know that."""
        there = present_ids(self.bound.label, [record.pk for record in found])
        known = refs(self.request.user, {(self.bound.label, pk) for pk in there.values()})
        return [(r, known[self.bound.label, there[r.pk]] if r.pk in there else None) for r in found]
