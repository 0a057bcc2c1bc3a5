"""New cards for the editors in Django admin."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.approvals.fields import effect_card, node_card
from crm.approvals.nodes import BY, fresh_node
from crm.entities import effects
from crm.entities.bound import BoundEntity, bind
from crm.entities.builder import builder_fields
from crm.entities.effect_forms import bound_form, settable
from crm.entities.entity import registry


def _bound(request: HttpRequest, label: str) -> BoundEntity:
    if not request.user.is_staff:
        raise PermissionDenied
    if label not in registry:
        raise Http404
    return bind(registry[label], request.user)


@login_required
@require_safe
def effect(request: HttpRequest, label: str) -> HttpResponse:
    """``?effect=&id=``: a new card; with ``field=`` the input of one more field that it sets."""
    bound, card_id = _bound(request, label), request.GET.get("id", "")
    if not (card_id.isalnum() and card_id.isascii() and len(card_id) < 41):
        raise Http404
    try:
        found = effects.effect_of(request.GET.get("effect", ""), bound.entity)
    except LookupError:
        raise Http404 from None
    name = request.GET.get("field", "")
    if not name:
        card = effect_card(bound, {"effect": found.name}, card_id)
        return render(request, "approvals/admin/effect.html", {"step": card})
    if found.name != "set_fields" or name not in dict(settable(bound)):
        raise Http404
    form = bound_form(bound, found, {name: ""}, card_id, fresh=False)
    form.is_bound = False
    context = {"field": form[name], "step": {"id": card_id}, "loose": True}
    return render(request, "admin/workflows/rule/param.html", context)


@login_required
@require_safe
def node(request: HttpRequest, label: str) -> HttpResponse:
    """``?by=`` (“copy”: one that only takes note): a new node."""
    bound, by = _bound(request, label), request.GET.get("by", "superior")
    kind = "copy" if by == "copy" else "sign"
    if by not in (*BY, "copy"):
        raise Http404
    card = node_card(bound, fresh_node(kind, "people" if kind == "copy" else by))
    return render(request, "approvals/admin/node.html", {"card": card, "fields": builder_fields(bound), "open": True})
