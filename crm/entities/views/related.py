"""The records of another entity that hang on a record: the body of a tab."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from crm.entities.tabs import related_context
from crm.entities.views.base import EntityView


class RelatedView(EntityView):
    """The first rows of one related entity, with the ways to all of them and to a new one."""

    template = "related"

    def get(self, request: HttpRequest, pk: int, label: str) -> HttpResponse:
        record = self.get_record(pk)
        context = related_context(self.bound, record, label)
        if context is None:
            raise Http404
        return self.page("rows", record=record, **context)
