"""The shell around every page: navigation, create menu, commands. It asks the policy and costs no query of its own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.entities.entity import Entity, registry
from crm.home.pages import pages
from crm.ownership.views import may_hand_over

# The order and the names of the groups in the navigation.
AREAS = {
    "activities": "",
    "customers": gettext_lazy("Customers"),
    "sales": gettext_lazy("Sales"),
    "partners": gettext_lazy("Partners"),
    "purchasing": gettext_lazy("Purchasing"),
    "documents": gettext_lazy("Documents"),
    "service": gettext_lazy("Service"),
    "marketing": gettext_lazy("Marketing"),
    "analytics": gettext_lazy("Analysis"),
    "privacy": gettext_lazy("Privacy"),
}


def shell(request: HttpRequest) -> dict[str, Any]:
    """``shell`` for the base templates, made when a template first asks for it."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def _shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": [], "create": [], "company": settings.COMPANY_NAME, "theme": "auto"}
    return {
        "nav": _nav(request),
        "create": [_link(entity, "add") for entity in _entities(user, "add")],
        "company": settings.COMPANY_NAME,
        "theme": user.theme,
        "inbox_url": reverse("notifications:inbox"),
        "may_hand_over": may_hand_over(user),
    }


def _entities(user: Any, action: str) -> list[Entity]:
    """Entities of the navigation on which the user may perform ``action``, in the order of their declaration."""
    return [e for e in registry.values() if e.nav and policy.can(user, e.label, action)]


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    groups: dict[str, list[dict]] = {area: [] for area in AREAS}
    groups["activities"].append({"label": _("Today"), "url": "/", "icon": "sun-high", "active": request.path == "/"})
    for entity in _entities(request.user, "view"):
        groups.setdefault(entity.area, []).append(_link(entity, "list"))
    for page in pages:
        if page.allowed(request.user):
            link = {"label": str(page.label), "url": reverse(page.route), "icon": page.icon}
            counted = {"count_url": reverse(page.count), "hot": True} if page.count else {}
            groups.setdefault(page.area, []).append(link | counted)
    _give_keys([item for items in groups.values() for item in items])
    for items in groups.values():
        for item in items:
            item.setdefault("active", request.path.startswith(item["url"]))
    return [{"title": str(AREAS.get(area, area)), "items": items} for area, items in groups.items() if items]


def _give_keys(items: list[dict[str, Any]]) -> None:
    """The letter that goes there after a “g”: the first of the address that is free; home is h."""
    taken = {"h", "g"}
    for item in items:
        word = item["url"].rstrip("/").rpartition("/")[2]
        item["go"] = (
            "h" if not word else next((letter for letter in word if letter.isalpha() and letter not in taken), "")
        )
        taken.add(item["go"])


def _link(entity: Entity, view: str) -> dict[str, Any]:
    link = {"label": entity.plural if view == "list" else entity.name, "url": entity.url(view), "icon": entity.icon}
    if view == "list" and entity.attention:
        link |= {"count_url": reverse("home:count", args=[entity.label]), "hot": True}
    return link


def commands(user: Any) -> list[dict[str, Any]]:
    """What the palette can do beside opening pages: {label, url, icon} each."""
    found = []
    for entity in _entities(user, "import"):
        try:
            url = reverse("exchange:start", args=[entity.label])
        except NoReverseMatch:
            break
        found.append({"label": _("Import %(entity)s") % {"entity": entity.plural}, "url": url, "icon": "file-import"})
    if user.is_staff:
        found.append({"label": _("Administration"), "url": reverse("admin:index"), "icon": "settings"})
    return [*found, {"label": _("My profile"), "url": reverse("users:profile"), "icon": "user-circle"}]
