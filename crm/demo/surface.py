"""Everything that can be asked of the program: routes with methods and guards, tasks, entities and their fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from crm.api.views import ApiView
from crm.entities.entity import registry
from crm.entities.views.base import EntityView

METHODS = ("get", "post", "put", "patch", "delete")
# Routes that anybody may ask; every other one wants somebody who is signed in (or is Django admin, which asks itself).
PUBLIC = (
    "healthz",
    "readyz",
    "sign-in/",
    "sign-out/",
    "password-reset/",
    "i18n/setlang/",
    "static/",
    "approvals/mail/",  # a token for one person and one decision
    "calendar/feed/",  # a secret address that one person made
    "portal/partner/",  # people of partners, by a sign-in of their own
    "preferences/",  # a signed link for one person and nothing else
    "hooks/",  # signed by the program that calls
    "b/",  # booking pages, and the signed link of each booking
    "f/",  # forms that anybody may fill in
    "q/",  # tracked links
    "offer/",
    "d/",  # a signed link for the customer of one quote
    "admin/login/",
    "admin/jsi18n/",
)


def surface() -> dict[str, Any]:
    """The whole surface as plain data."""
    return {
        "routes": list(routes()),
        "tasks": sorted(n for n in current_app.tasks if not n.startswith("celery.")),
        "entities": entities(),
    }


def routes() -> Iterator[dict[str, Any]]:
    """One object a route; the generic pages are told once for each entity."""
    for pattern, route in _walk(get_resolver(), ""):
        view = getattr(pattern.callback, "view_class", None)
        guard = "public" if route.startswith(PUBLIC) else "admin" if route.startswith("admin/") else "signed in"
        line = {"route": "/" + route, "methods": _methods(pattern.callback), "guard": guard, "entity": None}
        if view is not None and issubclass(view, EntityView):
            for label, entity in registry.items():
                own = route.replace("<slug:area>", entity.area).replace("<slug:slug>", entity.slug)
                yield line | {"route": "/" + own, "guard": f"grant: {getattr(view, 'action', '')}", "entity": label}
        elif view is not None and issubclass(view, ApiView):
            yield line | {"guard": view.guard}
        else:
            yield line


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[URLPattern, str]]:
    for pattern in resolver.url_patterns:
        text = pattern.pattern.regex.pattern if isinstance(pattern.pattern, RegexPattern) else str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, before + text)
        else:
            yield pattern, before + text


def _methods(callback: Any) -> list[str]:
    view = getattr(callback, "view_class", None)
    if view is not None:
        return [m.upper() for m in METHODS if hasattr(view, m)]
    allowed = next(
        (c.cell_contents for c in getattr(callback, "__closure__", None) or () if _is_methods(c.cell_contents)), None
    )
    return list(allowed or ["GET", "POST"])


def _is_methods(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(v, str) and v.lower() in (*METHODS, "head") for v in value)
    )


def entities() -> dict[str, Any]:
    """Each entity with its actions and fields."""
    return {
        label: {
            "url": entity.url("list"),
            "actions": list(entity.granted),
            "fields": {name: entity.field(name).kind for name in entity.field_names},
        }
        for label, entity in sorted(registry.items())
    }
