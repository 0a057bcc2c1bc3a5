"""Keeping a list's conditions, order and columns under a name."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from crm.entities.listviews import list_query
from crm.entities.models import SavedView
from crm.entities.query import ListQuery
from crm.entities.views.base import EntityView
from crm.fields.conditions import Group, Test
from crm.lib.text import clean_line


class SavedViewView(EntityView):
    """``new`` keeps what the list shows now; a number renames, shares or deletes a view of one's own."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        here = self.bound.url("list")
        params = QueryDict(request.POST.get("query", "")[:20_000])
        if key == "new":
            view = SavedView(user=request.user, entity=self.bound.label)
            if not self._fill(view, params):
                messages.error(request, _("A part of this list is not understood; it was not saved."))
                return redirect(f"{here}?{params.urlencode()}")
        elif key.isascii() and key.isdigit():
            view = get_object_or_404(SavedView, pk=int(key[:18]), user=request.user, entity=self.bound.label)
        else:
            raise Http404
        if request.POST.get("delete"):
            view.delete()
            messages.success(request, _("The view was deleted."))
            return redirect(here)
        return self._save(request, view, params)

    def _fill(self, view: SavedView, params: QueryDict) -> bool:
        query, _tabs, active = list_query(self.bound, params)
        if active is None or query.problems:
            return False
        view.where = stored(query)
        view.sort = params.get("sort") or active.sort
        view.columns = [column.name for column in query.columns]
        last = SavedView.objects.filter(user=view.user, entity=view.entity).aggregate(last=Max("position"))["last"]
        view.position = (last or 0) + 1
        return True

    def _save(self, request: HttpRequest, view: SavedView, params: QueryDict) -> HttpResponse:
        view.name = clean_line(request.POST.get("name", "").replace("\x00", ""))[:60]
        view.shared = bool(request.POST.get("shared"))
        try:
            with transaction.atomic():
                if not view.name:
                    raise IntegrityError
                view.save()
        except IntegrityError:
            messages.error(request, _("Give the view a name that you do not use yet."))
            return redirect(f"{self.bound.url('list')}?{params.urlencode()}")
        messages.success(request, _("The view was saved."))
        return redirect(f"{self.bound.url('list')}?view={view.pk}")


def stored(query: ListQuery) -> dict:
    """Everything that the list asks for as one stored condition."""
    tests = [as_json(test) for test in query.filters.tests.values()]
    return {"all": [*(as_json(group) for group in query.groups), *tests]}


def as_json(node: Group | Test) -> dict:
    """A condition as it is stored."""
    if isinstance(node, Group):
        return {"any" if node.any else "all": [as_json(child) for child in node.nodes]}
    values = [value if isinstance(value, str | int | bool) else str(value) for value in node.values]
    return {"field": node.field.name, "op": node.op, "value": values if len(values) != 1 else values[0]}
