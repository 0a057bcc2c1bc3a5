"""The board, more cards of a lane, and moving a card."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from crm.entities.board import BoardQuery, added
from crm.entities.builder import builder_fields
from crm.entities.listviews import ListTab, list_query
from crm.entities.paging import BadCursor
from crm.entities.query import ListQuery
from crm.entities.views.action import ActionView
from crm.entities.views.base import EntityView
from crm.records.errors import Conflict


class BoardPage(EntityView):
    """What the pages of a board share: the query behind it."""

    template = "board"

    def board(self) -> BoardQuery:
        """The board as the address asks for it; 404 when the entity has none or its lanes are hidden from the user."""
        if self.bound.board is None or self.bound.board.field not in self.bound.readable([self.bound.board.field]):
            raise Http404
        return BoardQuery(self.query())

    def query(self) -> ListQuery:
        """The list behind the board, with its view when the address names one."""
        if "view" not in self.request.GET:
            return ListQuery(self.bound, self.request.GET)
        query, _tabs, active = list_query(self.bound, self.request.GET)
        if active is None:
            raise Http404
        return query

    def shown(self, board: BoardQuery) -> dict[str, Any]:
        """What every page of a board needs."""
        return {"board": board, "query": board.query, "lanes_of": board.plan.lanes}


class BoardView(BoardPage):
    """Lanes with counts, sums and their first cards."""

    def query(self) -> ListQuery:
        query, self.tabs, self.active = list_query(self.bound, self.request.GET)
        if self.active is None:
            raise Http404
        return query

    def get(self, request: HttpRequest) -> HttpResponse:
        board = self.board()
        liked = board.query.liked
        if not request.GET and liked.lanes and liked.lanes != board.plan.chosen_value:
            return redirect(f"{self.bound.url('board')}?{urlencode({'view': '', 'pipeline': liked.lanes})}")
        if board.query.problems:
            return redirect(self.bound.url("list") + board.query.url())
        heads = board.filled()
        return self.page(
            heads=heads,
            tab=self.active,
            list_url=f"{self.bound.url('list')}{board.query.url(view=self.active.key)}",
            total=sum(head.count for head in heads),
            sums=added(pair for head in heads for pair in head.sums),
            weighted=added(pair for head in heads for pair in head.weighted),
            tabs=[self._tab(tab) for tab in self.tabs if tab is self.active or (tab.pinned and not tab.broken)],
            plans=[
                {"label": label, "url": board.query.url(**{name: value})} for label, name, value in board.plan.choices
            ],
            chips=board.query.chips(),
            fields=builder_fields(self.bound),
            add_label=_("New %(entity)s") % {"entity": self.bound.model._meta.verbose_name}
            if self.bound.can("add")
            else "",
            **self.shown(board),
        )

    def _tab(self, tab: ListTab) -> dict[str, Any]:
        kept = {name: self.request.GET[name] for name in ("pipeline",) if name in self.request.GET}
        asked = urlencode({"view": tab.key} | kept)
        return {"label": tab.label, "url": f"{self.bound.url('board')}?{asked}", "active": tab is self.active}


class LaneView(BoardPage):
    """The next cards of one lane."""

    def get(self, request: HttpRequest, lane: str) -> HttpResponse:
        board = self.board()
        found = next((one for one in board.plan.lanes if str(one.value) == lane), None)
        if found is None:
            raise Http404
        try:
            page = board.page_of(found.value, request.GET.get("after", ""))
        except BadCursor:
            raise Http404 from None
        return self.page(
            template="board_cards", cards=board.cards(page.records), lane=found, more=page.after, **self.shown(board)
        )


class MoveView(BoardPage):
    """A card into another lane, by the same verb as everywhere; what it refuses, it says."""

    action = "change"

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        board = self.board()
        if not board.movable:
            raise PermissionDenied
        seen = self.bound.records(self.action) & self.bound.records("view")
        record = get_object_or_404(board.linked(seen), pk=pk)
        if request.POST.get("version", "") not in {"", str(record.version)}:
            return HttpResponse(
                _("Somebody changed it meanwhile. Load the board again."), status=409, content_type="text/plain"
            )
        left = getattr(record, board.column)
        try:
            self.bound.board.move(record, request.POST.get("to", "")[:100], actor=self.actor)
        except ValidationError as error:
            return self._refused(error, pk)
        except Conflict:
            return HttpResponse(
                _("Somebody changed it meanwhile. Load the board again."), status=409, content_type="text/plain"
            )
        touched = {left, getattr(record, board.column)}
        return self.page(
            template="board_moved", heads=board.heads(touched), cards=board.cards([record]), **self.shown(board)
        )

    def _refused(self, error: ValidationError, pk: int) -> HttpResponseBase:
        """The reason, with the address of what it needs; or the form of the verb that the move needs."""
        needed = (getattr(error, "params", None) or {}).get("action")
        if needed:
            self.request.method = "GET"
            response = ActionView.as_view()(
                self.request, area=self.bound.area, slug=self.bound.slug, pk=pk, name=needed
            )
            response.status_code = 422
            return response
        # The page opens what would have to be done first.
        needs = {"X-Dialog": error.url} if getattr(error, "url", "") else {}
        return HttpResponse("; ".join(error.messages), status=422, content_type="text/plain", headers=needs)
