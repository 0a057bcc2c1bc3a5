"""Keeping a list's conditions, order and columns under a name."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from crm.access.models import Role
from crm.entities.links import is_id
from crm.entities.listviews import list_query
from crm.entities.models import SavedView
from crm.entities.query import ListQuery
from crm.entities.views.base import EntityView
from crm.fields.conditions import Group, Test
from crm.lib.text import clean_line

SHOWN = 50


class SavedViewView(EntityView):
    """``new`` keeps what the list shows now; a number renames, shares, moves, brings up to date or deletes a view of one's own."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """``roles``: the roles that a view can be shared with, as a remote select asks for them."""
        if key != "roles":
            raise Http404
        asked = clean_line(request.GET.get("q", "").replace("\x00", ""))[:60]
        found = Role.objects.filter(name__icontains=asked)[:SHOWN]
        return JsonResponse({"results": [{"id": role.pk, "text": role.name} for role in found], "more": False})

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        params = QueryDict(request.POST.get("query", "")[:20_000])
        view = self._view(key)
        if request.POST.get("delete"):
            view.delete()
            messages.success(request, _("The view was deleted."))
            return redirect(self.bound.url("list"))
        if request.POST.get("move") in {"-1", "1"}:
            self._move(view, int(request.POST["move"]))
            return redirect(self._address(view))
        if (key == "new" or request.POST.get("update")) and not self._fill(view, params):
            messages.error(request, _("This list can't be kept as a view: views hold conditions, not searches."))
            return redirect(f"{self.bound.url('list')}?{params.urlencode()}")
        return self._save(view, params)

    def _view(self, key: str) -> SavedView:
        """The view of that number if it is one's own, or one to be made."""
        own = SavedView.objects.filter(user=self.request.user, entity=self.bound.label)
        if key == "new":
            last = own.aggregate(last=Max("position"))["last"] or 0
            return SavedView(user=self.request.user, entity=self.bound.label, position=last + 1)
        if not (key.isascii() and key.isdigit()):
            raise Http404
        return get_object_or_404(own, pk=int(key[:18]))

    def _address(self, view: SavedView) -> str:
        return f"{self.bound.url('list')}?view={view.pk}"

    def _fill(self, view: SavedView, params: QueryDict) -> bool:
        query, _tabs, active = list_query(self.bound, params)
        if active is None or query.problems or query.search:
            return False
        view.where = stored(query)
        view.sort = params.get("sort") or active.sort
        view.columns = [column.name for column in query.columns]
        view.lanes = params.get("pipeline", "")[:60]
        return True

    def _move(self, view: SavedView, by: int) -> None:
        """One place to the left or right among one's own views."""
        own = list(SavedView.objects.filter(user=view.user, entity=view.entity))
        at = next(i for i, one in enumerate(own) if one.pk == view.pk)
        own.insert(max(0, at + by), own.pop(at))
        for position, one in enumerate(own, 1):
            one.position = position
        SavedView.objects.bulk_update(own, ["position"])

    def _save(self, view: SavedView, params: QueryDict) -> HttpResponse:
        audience = self.request.POST.get("audience", "")
        view.name = clean_line(self.request.POST.get("name", "").replace("\x00", ""))[:60]
        view.audience = audience if audience in SavedView.Audience.values else SavedView.Audience.MINE
        view.pinned = bool(self.request.POST.get("pinned"))
        opens = self.request.POST.get("opens", "")
        view.opens = opens if opens in SavedView.Opens.values and self.bound.entity.board else SavedView.Opens.LIST
        if self.request.POST.get("choose_sums"):
            offered = self.bound.readable(self.bound.sums)
            view.sums = [name for name in self.request.POST.getlist("sums") if name in offered]
        roles = [int(pk) for pk in self.request.POST.getlist("roles") if is_id(pk)]
        try:
            with transaction.atomic():
                if not view.name:
                    raise IntegrityError
                view.save()
                view.roles.set(Role.objects.filter(pk__in=roles if view.audience == SavedView.Audience.ROLES else []))
        except IntegrityError:
            messages.error(self.request, _("Give the view a name that you do not use yet."))
            return redirect(f"{self.bound.url('list')}?{params.urlencode()}")
        messages.success(self.request, _("The view was saved."))
        return redirect(self._address(view))


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
