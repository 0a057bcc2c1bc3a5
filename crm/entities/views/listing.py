"""The list of an entity: one page of rows, and in second requests its count, sums and the counts of its tabs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.builder import builder_fields
from crm.entities.bulk import VERB, bulk_verbs
from crm.entities.forms import may_write
from crm.entities.listviews import SIZES, ListTab, list_query, remember
from crm.entities.models import SavedView
from crm.entities.paging import BadCursor, KeysetPage
from crm.entities.query import ListQuery, Preferences
from crm.entities.starring import star_address, starred
from crm.entities.totals import about, totals
from crm.entities.views.base import EntityView


class ListView(EntityView):
    """The address is the state: view, conditions, search, order, columns and page can be shared as a link."""

    template = "list"

    def get(self, request: HttpRequest) -> HttpResponse:
        query, tabs, active = list_query(self.bound, request.GET)
        if active is None:
            raise Http404
        if not request.GET and (last := last_look(self.bound, query.liked, tabs)):
            return redirect(last)
        if query.problems:
            return self.page("rows", status=422, query=query, page=None, **self._around(query, tabs, active))
        try:
            page = query.page()
        except BadCursor:
            return redirect(self.bound.url("list") + query.url())
        context = self._around(query, tabs, active) | _neighbours(query, page)
        return self.page("rows", query=query, page=page, **self._rows(query, page), **context)

    def _rows(self, query: ListQuery, page: KeysetPage) -> dict[str, Any]:
        """The rows of the page and the columns after the first, with what the person may change where it stands."""
        first, others = next(iter(query.columns), None), query.columns[1:]
        writable = {c.name for c in others if c.name in self.bound.inline and may_write(self.bound, c)}
        changeable = self._changeable(page) if writable else set()
        here, star = self.bound.url("list"), star_address(self.bound.label)
        kept = starred(self.bound.user, self.bound.label, [record.pk for record in page])
        rows = []
        for record in page:
            name = str(record)
            title, editable = (first.text(record) if first else "") or name, record.pk in changeable
            rows.append(
                {
                    "record": record,
                    "pk": str(record.pk),
                    "name": name,
                    "title": title,
                    "url": f"{here}{record.pk}/",
                    "editable": editable,
                    "star_url": f"{star}{record.pk}/" if star else "",
                    "starred": record.pk in kept,
                }
            )
        return {"rows": rows, "others": others, "writable": writable}

    def _changeable(self, page: KeysetPage) -> set[int]:
        """The rows that the person may change: mostly all that they see, which needs no query."""
        pks = {record.pk for record in page}
        all_of_them = self.bound.can("change") and self.bound.same_reach("view", "change")
        return pks if all_of_them else self.bound.reachable(pks, "change")

    def _around(self, query: ListQuery, tabs: list[ListTab], active: ListTab) -> dict[str, Any]:
        return {
            "tab": active,
            "tabs": [
                self._tab(tab, active)
                for tab in tabs
                if tab is active or (tab.pinned and not (tab.broken and tab.saved is None))
            ],
            "more_views": [self._tab(tab, active) for tab in tabs if not tab.pinned and tab is not active],
            "own_view": active.saved is not None and active.saved.user_id == self.bound.user.pk,
            "changed": any(name in query.params for name in ("edited", "where", "cols")) or bool(query.filters.tests),
            "audiences": SavedView.Audience.choices,
            "opens": SavedView.Opens.choices if self.bound.entity.board else [],
            "sizes": SIZES,
            "summable": list(self.bound.readable(self.bound.sums).values()),
            "view_roles": list(active.saved.roles.all()) if self._by_role(active) else [],
            "heads": [self._head(query, column) for column in query.columns],
            "chips": query.chips(),
            "fields": builder_fields(self.bound),
            "offered": self._offered(query),
            "actions": self._actions(query),
            "bulk": {
                "edit": self.bound.can("change") and bool(self.bound.bulk_edit),
                "assign": self.bound.can("assign") and hasattr(self.bound.model, "owner"),
                "delete": self.bound.can("delete"),
                "verbs": [{"op": VERB + a.name, "label": a.label, "icon": a.icon} for a in bulk_verbs(self.bound)],
            },
            "list_url": self.bound.url("list"),
        }

    def _by_role(self, tab: ListTab) -> bool:
        """Whether the open view is one's own and shared with roles, which its settings then name."""
        saved = tab.saved
        return saved is not None and saved.user_id == self.bound.user.pk and saved.audience == saved.Audience.ROLES

    def _tab(self, tab: ListTab, active: ListTab) -> dict[str, Any]:
        address = f"?view={tab.key}" if tab.key else ""
        return {
            "label": tab.label,
            "url": tab_url(self.bound, tab),
            "active": tab is active,
            "icon": "alert-triangle" if tab.broken else "",
            "count_url": f"{self.bound.url('counts')}{address}&partial=tab" if tab.key and not tab.broken else None,
        }

    def _head(self, query: ListQuery, column: Any) -> dict[str, Any]:
        sortable = column.name in self.bound.sortable
        here = column.name == query.sort
        target = column.name if here and query.descending else f"-{column.name}"
        return {
            "field": column,
            "sort_url": query.url(sort=target) if sortable else "",
            "sorted": ("descending" if query.descending else "ascending") if here else "",
        }

    def _offered(self, query: ListQuery) -> tuple[tuple[str, str, bool], ...]:
        """Columns to choose from as (name, label, shown): the shown ones first, in their order."""
        shown = [column.name for column in query.columns]
        rest = [field for field in self.bound.offered if field.name not in shown]
        return tuple([(f.name, f.label, f.name in shown) for f in [*query.columns, *rest]])

    def _actions(self, query: ListQuery) -> list[dict[str, Any]]:
        found = []
        if self.bound.can("import") and self.bound.importable and (url := _url("exchange:start", self.bound.label)):
            found.append({"label": _("Import"), "url": url, "icon": "upload", "hide_s": True})
        if self.bound.can("export") and (url := _url("entities:export", self.bound.area, self.bound.slug)):
            found.append({"label": _("Export"), "url": f"{url}{query.url()}", "icon": "download", "hide_s": True})
        if self.bound.can("add"):
            label = _("New %(entity)s") % {"entity": self.bound.model._meta.verbose_name}
            found.append({"label": label, "url": self.bound.url("add"), "icon": "plus", "primary": True})
        return found


def _neighbours(query: ListQuery, page: KeysetPage) -> dict[str, str]:
    """The addresses of the pages before and after."""
    return {
        "previous_url": f"{query.url()}&before={page.before}" if page.before else "",
        "next_url": f"{query.url()}&after={page.after}" if page.after else "",
    }


def _url(name: str, *args: Any) -> str:
    """The address of a page that a room above may bring, or nothing."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def tab_url(bound: BoundEntity, tab: ListTab) -> str:
    """Where a tab leads: its list, or its board where the view opens as one. “All” says so, or the last view would open."""
    if tab.saved is not None and tab.saved.opens == SavedView.Opens.BOARD and bound.entity.board:
        asked = {"view": tab.key} | ({"pipeline": tab.saved.lanes} if tab.saved.lanes else {})
        return f"{bound.url('board')}?{urlencode(asked)}"
    return f"{bound.url('list')}?{urlencode({'view': tab.key})}"


def last_look(bound: BoundEntity, liked: Preferences, tabs: list[ListTab]) -> str:
    """Where the person looked at the entity last, when that is elsewhere than its plain list; empty when it is not."""
    tab = next((tab for tab in tabs if tab.key == liked.view and not tab.broken), tabs[0])
    if liked.surface == "board" and bound.entity.board and bound.readable([bound.entity.board.field]):
        asked = {"view": tab.key} | ({"pipeline": liked.lanes} if liked.lanes else {})
        return f"{bound.url('board')}?{urlencode(asked)}"
    return f"{bound.url('list')}?{urlencode({'view': tab.key})}" if tab.key else ""


class PreferencesView(EntityView):
    """Remembers how a person looked at the entity last; the page tells it by the way."""

    def post(self, request: HttpRequest) -> HttpResponse:
        told = {name: request.POST.get(name, "").replace("\x00", "")[:60] for name in ("view", "lanes")}
        surface = request.POST.get("surface", "")
        remember(self.bound, surface=surface if surface in {"list", "board"} else "", **told)
        return HttpResponse(status=204)


class CountsView(EntityView):
    """How many rows there are and what they add up to, capped in time: a slow answer says "many" instead of keeping anyone waiting."""

    template = "counts"

    def get(self, request: HttpRequest) -> HttpResponse:
        query, _tabs, active = list_query(self.bound, request.GET)
        if active is None:
            raise Http404
        if request.GET.get("partial") == "tab":
            return self.page(template="counts_tab", totals=about(query.matching()))
        found = totals(query)
        return self.page(totals=found, count=found.count)


class ColumnsView(EntityView):
    """Which columns a person sees, in which order."""

    def post(self, request: HttpRequest) -> HttpResponse:
        offered = {field.name for field in self.bound.offered}
        columns = [name for name in request.POST.getlist("columns") if name in offered]
        size = request.POST.get("size", "")
        liked = {"size": int(size), "dense": bool(request.POST.get("dense"))} if size in map(str, SIZES) else {}
        remember(self.bound, columns=columns, **liked)
        query, _tabs, _active = list_query(self.bound, QueryDict(request.POST.get("query", "")[:20_000]))
        return redirect(self.bound.url("list") + query.url(cols=None))
