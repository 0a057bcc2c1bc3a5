"""The home page, and the counts in the navigation."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.home.context import commands
from crm.home.start import close, start_list
from crm.home.widgets import filled, shown, widgets

MOST = 99


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """My day: what is due, what matters, where to begin."""
    user = request.user
    contexts = [found["context"] for found in shown(user, "cards")]
    cards = [{"percent": None, **card} for context in contexts for card in context["cards"]]
    main, side = shown(user, "main"), shown(user, "side")
    now = timezone.localtime()
    context = {
        "greeting": _greeting(now.hour) % {"name": user},
        "now": now,
        "cards": cards,
        "main": main,
        "side": side,
        "summaries": [context["summary"] for context in contexts if context.get("summary")],
        "steps": start_list(request),
    }
    return render(request, "home/home.html", context)


@require_safe
@login_required
def widget(request: HttpRequest, name: str) -> HttpResponse:
    """One widget by itself: what a lazy place asks for, or a page where scripts don't run."""
    one = widgets.get(name)
    if one is None or not one.template:
        raise Http404
    if not one.allowed(request.user):
        raise PermissionDenied
    found = filled(one, request.user)
    if request.htmx:
        return render(request, "home/widget.html#content", {"widget": found})
    return render(request, "home/widget.html", {"widget": found})


@require_safe
@login_required
def palette(request: HttpRequest) -> HttpResponse:
    """The commands and pages of the palette, asked for when it is first opened."""
    return render(request, "home/commands.html", {"commands": commands(request.user)})


@require_POST
@login_required
def close_start(request: HttpRequest) -> HttpResponse:
    """Put the start list away."""
    close(request.user)
    return HttpResponse() if request.htmx else HttpResponseRedirect("/")


def _greeting(hour: int) -> str:
    if hour < 5 or hour >= 18:
        return _("Good evening, %(name)s")
    return _("Good morning, %(name)s") if hour < 12 else _("Good afternoon, %(name)s")


@require_safe
@login_required
def count(request: HttpRequest, label: str) -> HttpResponse:
    """How many records of an entity call for the person's action, as far as it matters; empty when none do."""
    entity = registry.get(label)
    if entity is None or not entity.attention:
        raise Http404
    bound = bind(entity, request.user)
    if not bound.can("view"):
        raise PermissionDenied
    rows = bound.records().filter(bound.condition(entity.attention).q(bound.reader()))
    found = len(rows.order_by().values_list("pk")[: MOST + 1])
    return HttpResponse("" if not found else f"{MOST}+" if found > MOST else str(found))
