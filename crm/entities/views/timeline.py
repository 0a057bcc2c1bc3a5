"""More of a timeline, or another group of it: the piece that follows on the record page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from crm.entities.timeline import Cursor, timeline
from crm.entities.views.base import EntityView


class TimelineView(EntityView):
    """The next page of entries, as list items for htmx or as a page of their own."""

    template = "timeline"
    own = False

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        record = self.get_record(pk)
        cursor, group = Cursor.read(request.GET.get("before", "")), request.GET.get("group", "")
        page = timeline(self.bound, record, group=group, before=cursor, own=self.own)
        may = self.own and self.bound.can_record("change", record)
        return self.page("entries", record=record, page=page, group=group, own=self.own, may_undo=may)


class HistoryView(TimelineView):
    """What happened to the record itself, field by field."""

    own = True
