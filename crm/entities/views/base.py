"""What every generic page does first: find the entity, bind it to the user, check the action."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views import View

from crm.access.policy import access_of
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import entity_at
from crm.entities.merged import with_past
from crm.records.actor import Actor

# Asked whenever somebody opens a record to read it; they refuse by PermissionDenied with the reason. Set by rooms above.
_openers: list[Callable[[Any, Any], None]] = []


def on_open(fn: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Decorator: ``fn(user, record)`` is asked before a record's page, history or tab is shown, and before the API tells it."""
    _openers.append(fn)
    return fn


def opened(user: Any, record: Any) -> Any:
    """The record, unless something stands against opening it."""
    for fn in _openers:
        fn(user, record)
    return record


class EntityView(AccessMixin, View):
    """``action`` is the grant that the page needs; ``template`` the name under ``templates/entities/``.

    An entity may bring a page of its own: ``templates/<area>/<model>_<template>.html`` wins over the generic one.
    """

    action = "view"
    template = ""
    opens = True
    bound: BoundEntity

    def dispatch(self, request: HttpRequest, *args: Any, area: str, slug: str, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        access_of(request.user)  # which also brings entities in line that admins made meanwhile
        entity = entity_at(area, slug)
        if entity is None:
            raise Http404
        self.bound = bind(entity, request.user)
        if not self.bound.can(self.action):
            raise PermissionDenied
        return cast(HttpResponse, super().dispatch(request, *args, **kwargs))

    @property
    def actor(self) -> Actor:
        return Actor.of(self.request)

    def get_record(
        self, pk: int, action: str | None = None, related: Iterable[str] = (), *, past: bool = False
    ) -> Model:
        """The record if the user may perform ``action`` on it; 404 hides the rest, whether it exists or not."""
        rows = self.bound.records(action or self.action)
        rows = with_past(rows, self.bound.label) if past else rows
        found = get_object_or_404(rows.select_related(*related) if related else rows, pk=pk)
        return opened(self.request.user, found) if self.opens and (action or self.action) == "view" else found

    def page(self, partial: str = "", *, status: int = 200, template: str = "", **context: Any) -> HttpResponse:
        """Render the page, or only ``partial`` of it when htmx asks."""
        name = template or self.template
        own = f"{self.bound.area}/{self.bound.model._meta.model_name}_{name}.html"
        names = [own, f"entities/{name}.html"]
        if partial and self.request.htmx and not self.request.htmx.boosted:
            names = [f"{n}#{partial}" for n in names]
        answer = render(self.request, names, {"entity": self.bound, **context}, status=status)
        patch_vary_headers(answer, ("HX-Request",))
        return answer
