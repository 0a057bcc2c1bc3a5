"""The list of an entity: one page of rows, and in second requests its count, sums and the counts of its tabs."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from crm.entities.builder import builder_fields
from crm.entities.listviews import ListTab, list_query
from crm.entities.models import ColumnChoice
from crm.entities.paging import BadCursor, KeysetPage
from crm.entities.query import ListQuery
from crm.entities.views.base import EntityView

COUNT_MS = 1500


class ListView(EntityView):
    """The address is the state: view, conditions, search, order, columns and page can be shared as a link."""

    template = "list"

    def get(self, request: HttpRequest) -> HttpResponse:
        query, tabs, active = list_query(self.bound, request.GET)
        if active is None:
            raise Http404
        if query.problems:
            return self.page("rows", status=422, query=query, **self._around(query, tabs, active), page=None)
        try:
            page = query.page()
        except BadCursor:
            return redirect(self.bound.url("list") + query.url())
        context = self._around(query, tabs, active)
        return self.page("rows", query=query, page=page, **context, **_neighbours(query, page))

    def _around(self, query: ListQuery, tabs: list[ListTab], active: ListTab) -> dict[str, Any]:
        here = self.bound.url("list")
        counts = self.bound.url("counts")
        return {
            "tab": active,
            "tabs": [
                {
                    "label": tab.label,
                    "url": f"{here}?view={tab.key}" if tab.key else here,
                    "active": tab is active,
                    "count_url": f"{counts}?view={tab.key}&partial=tab" if tab.key else None,
                }
                for tab in tabs
            ],
            "heads": [self._head(query, column) for column in query.columns],
            "chips": query.chips(),
            "fields": builder_fields(self.bound),
            "offered": self._offered(query),
            "actions": self._actions(query),
            "bulk": {
                "edit": self.bound.can("change") and bool(self.bound.bulk_edit),
                "assign": self.bound.can("assign") and hasattr(self.bound.model, "owner"),
                "delete": self.bound.can("delete"),
            },
            "list_url": here,
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

    def _offered(self, query: ListQuery) -> list[dict[str, Any]]:
        """Columns to choose from: the shown ones first, in their order."""
        shown = [column.name for column in query.columns]
        rest = [field for field in self.bound.offered if field.name not in shown]
        return [{"field": f, "shown": f.name in shown} for f in [*query.columns, *rest]]

    def _actions(self, query: ListQuery) -> list[dict[str, Any]]:
        found = []
        if self.bound.can("import") and self.bound.importable and (url := _url("exchange:start", self.bound.label)):
            found.append({"label": _("Import"), "url": url, "icon": "upload", "hide_s": True})
        if self.bound.can("export") and (url := _url("entities:export", self.bound.area, self.bound.slug)):
            found.append({"label": _("Export"), "url": f"{url}{query.url()}", "icon": "download", "hide_s": True})
        if self.bound.can("add"):
            label = _("New %(entity)s") % {"entity": self.bound.name}
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


class CountsView(EntityView):
    """How many rows there are and what they add up to, capped in time: a slow answer says "many" instead of keeping anyone waiting."""

    template = "counts"

    def get(self, request: HttpRequest) -> HttpResponse:
        query, _tabs, active = list_query(self.bound, request.GET)
        if active is None:
            raise Http404
        rows = query.matching()
        if request.GET.get("partial") == "tab":
            return self.page(template="counts_tab", count=_limited(rows.order_by()[:10_000].values("pk"), {"count": Count("pk")}))
        names = self.bound.readable(name for name in self.bound.sums if name in {c.name for c in query.columns})
        wanted = {"count": Count("pk")} | {f"sum_{name}": Sum(name) for name in names}
        found = _limited(rows.order_by(), wanted)
        totals = [(field, found[f"sum_{name}"]) for name, field in names.items()] if found else []
        return self.page(query=query, count=found["count"] if found else None, totals=totals)


def _limited(rows: QuerySet, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """Aggregates of ``rows``, or None when they take too long."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [str(COUNT_MS)])
            return rows.aggregate(**wanted)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != "57014":  # query_canceled
            raise
        return None


class ColumnsView(EntityView):
    """Which columns a person sees, in which order."""

    def post(self, request: HttpRequest) -> HttpResponse:
        offered = {field.name for field in self.bound.offered}
        columns = [name for name in request.POST.getlist("columns") if name in offered]
        ColumnChoice.objects.update_or_create(user=request.user, entity=self.bound.label, defaults={"columns": columns})
        query, _tabs, _active = list_query(self.bound, QueryDict(request.POST.get("query", "")[:20_000]))
        return redirect(self.bound.url("list") + query.url(cols=None))
