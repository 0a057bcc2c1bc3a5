"""The tabs of a list: all, the views that the entity declares, and those that people saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import BoundEntity
from crm.entities.entity import View
from crm.entities.models import ColumnChoice, SavedView
from crm.entities.query import ListQuery, why_broken
from crm.fields.conditions import ConditionError

Audience = SavedView.Audience


@dataclass(frozen=True)
class ListTab:
    """One view as a tab. ``key`` is what ``?view=`` says: "" all, a declared name, or the id of a saved view."""

    key: str
    label: str
    where: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    saved: SavedView | None = None
    broken: str = ""

    @property
    def pinned(self) -> bool:
        return self.saved is None or self.saved.pinned


def list_tabs(bound: BoundEntity) -> list[ListTab]:
    """Every view that the user may open, in order; one query. What a view may not show here, it says in ``broken``."""
    found = [ListTab("", _("All"))]
    found += [_tab(bound, view.name, str(view.label), view) for view in bound.entity.views]
    saved = SavedView.objects.filter(shared_with(bound.user), entity=bound.label)
    found += [_tab(bound, str(view.pk), view.name, view, columns=tuple(view.columns), saved=view) for view in saved]
    return found


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
    above = [int(pk) for pk in user.department.path.strip("/").split("/")] if user.department_id else []
    return (
        Q(user=user)
        | Q(audience=Audience.ALL)
        | Q(audience=Audience.TEAM, user__in=policy.access_of(user).team_ids)
        | Q(audience=Audience.DEPARTMENT, user__department__in=above)
    )


def list_query(bound: BoundEntity, params: QueryDict) -> tuple[ListQuery, list[ListTab], ListTab | None]:
    """The list as the address asks for it, its tabs, and the tab that is open (None: there is no such view).

    ``?edited=1``: the address holds all conditions, the view only lends its order and columns.
    """
    tabs = list_tabs(bound)
    active = next((tab for tab in tabs if tab.key == params.get("view", "")), None)
    columns = list(active.columns) if active and active.columns else chosen_columns(bound)
    where = active.where if active and not params.get("edited") else None
    query = ListQuery(bound, params, where=where, sort=active.sort if active else "", columns=columns)
    return query, tabs, active


def chosen_columns(bound: BoundEntity) -> list[str] | None:
    """The columns that the user chose for the entity."""
    found = ColumnChoice.objects.filter(user=bound.user, entity=bound.label).values_list("columns", flat=True).first()
    return list(found) if found else None
