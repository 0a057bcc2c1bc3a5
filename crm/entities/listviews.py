"""The tabs of a list: all, the views that the entity declares, and those that people saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import BoundEntity
from crm.entities.entity import View
from crm.entities.models import ColumnChoice, SavedView
from crm.entities.paging import SIZE
from crm.entities.query import ListQuery, Preferences, why_broken
from crm.fields.conditions import ConditionError

Audience = SavedView.Audience
SIZES = (20, 50, 100)


@dataclass(frozen=True)
class ListTab:
    """One view as a tab. ``key`` is what ``?view=`` says: "" all, a declared name, or the id of a saved view."""

    key: str
    label: str
    where: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    saved: SavedView | None = None
    sums: tuple[str, ...] | None = None
    broken: str = ""

    @property
    def pinned(self) -> bool:
        return self.saved is None or self.saved.pinned


def list_tabs(bound: BoundEntity) -> list[ListTab]:
    """Every view that the user may open, in order; one query. What a view may not show here, it says in ``broken``."""
    found = [ListTab("", _("All"))]
    found += [_tab(bound, view.name, str(view.label), view) for view in bound.entity.views]
    saved = SavedView.objects.filter(shared_with(bound.user), entity=bound.label)
    found += [
        _tab(bound, str(v.pk), v.name, v, columns=_names(v.columns) or (), sums=_names(v.sums), saved=v) for v in saved
    ]
    return found


def _names(stored: Any) -> tuple[str, ...] | None:
    return tuple(name for name in stored if isinstance(name, str)) if isinstance(stored, list) else None


def _tab(bound: BoundEntity, key: str, label: str, view: View | SavedView, **kept: Any) -> ListTab:
    return ListTab(key, label, view.where, view.sort, broken=_broken(bound, view.where), **kept)


def _broken(bound: BoundEntity, where: Mapping[str, Any]) -> str:
    try:
        if where:
            bound.condition(where)
    except ConditionError as error:
        return why_broken(bound, error)
    return ""


def shared_with(user: Any) -> Q:
    """The condition on saved views that keeps those of ``user`` and those that others share with them."""
    roles = list(policy.access_of(user).roles)
    to_roles = SavedView.roles.through.objects.filter(role_id__in=roles).values("savedview_id")
    above = [int(pk) for pk in user.department.path.strip("/").split("/")] if user.department_id else []
    return (
        Q(user=user)
        | Q(audience=Audience.ALL)
        | (Q(audience=Audience.ROLES, pk__in=to_roles) if roles else Q())
        | Q(audience=Audience.TEAM, user__in=policy.access_of(user).team_ids)
        | Q(audience=Audience.DEPARTMENT, user__department__in=above)
    )


def list_query(bound: BoundEntity, params: QueryDict) -> tuple[ListQuery, list[ListTab], ListTab | None]:
    """The list as the address asks for it, its tabs, and the tab that is open (None: there is no such view).

    ``?edited=1``: the address holds all conditions, the view only lends its order and columns.
    """
    tabs, liked = list_tabs(bound), preferences(bound)
    active = next((tab for tab in tabs if tab.key == params.get("view", "")), None)
    columns = list(active.columns) if active and active.columns else liked.columns
    where = active.where if active and not params.get("edited") else None
    query = ListQuery(bound, params, where=where, sort=active.sort if active else "", columns=columns)
    query.sums = active.sums if active else None
    query.liked = liked
    return query, tabs, active


def preferences(bound: BoundEntity) -> Preferences:
    """How the user looks at the lists of the entity; one query."""
    found = ColumnChoice.objects.filter(user=bound.user, entity=bound.label).first()
    return read_preferences(found.columns, found.settings) if found else Preferences()


def read_preferences(columns: Any, settings: Any) -> Preferences:
    """Stored preferences; what is not understood is as if it were not there."""
    kept = settings if isinstance(settings, dict) else {}
    texts = {name: kept[name] for name in ("view", "surface", "lanes") if isinstance(kept.get(name), str)}
    return Preferences(
        columns=list(_names(columns) or ()) or None,
        size=kept["size"] if kept.get("size") in SIZES else SIZE,
        dense=kept.get("dense") is True,
        **texts,
    )


def remember(bound: BoundEntity, **changes: Any) -> None:
    """Keep preferences of the user; those that are not named stay."""
    with transaction.atomic():
        made, _new = ColumnChoice.objects.select_for_update().get_or_create(user=bound.user, entity=bound.label)
        columns = changes.pop("columns", None)
        made.columns = made.columns if columns is None else columns
        made.settings = {**(made.settings if isinstance(made.settings, dict) else {}), **changes}
        made.save(update_fields=["columns", "settings"])
