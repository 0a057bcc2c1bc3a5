"""The tabs of a list: all, the views that the entity declares, and those that people saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.models import ColumnChoice, SavedView
from crm.entities.query import ListQuery


@dataclass(frozen=True)
class ListTab:
    """One view as a tab. ``key`` is what ``?view=`` says: "" all, a declared name, or the id of a saved view."""

    key: str
    label: str
    where: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    saved: SavedView | None = None


def list_tabs(bound: BoundEntity) -> list[ListTab]:
    """Every view that the user may open, in order; one query."""
    found = [ListTab("", _("All"))]
    found += [ListTab(view.name, str(view.label), view.where, view.sort) for view in bound.entity.views]
    saved = SavedView.objects.filter(Q(user=bound.user) | Q(shared=True), entity=bound.label)
    found += [ListTab(str(view.pk), view.name, view.where, view.sort, tuple(view.columns), view) for view in saved]
    return found


def list_query(bound: BoundEntity, params: QueryDict) -> tuple[ListQuery, list[ListTab], ListTab | None]:
    """The list as the address asks for it, its tabs, and the tab that is open (None: there is no such view)."""
    tabs = list_tabs(bound)
    active = next((tab for tab in tabs if tab.key == params.get("view", "")), None)
    columns = list(active.columns) if active and active.columns else chosen_columns(bound)
    query = ListQuery(
        bound, params, where=active.where if active else None, sort=active.sort if active else "", columns=columns
    )
    return query, tabs, active


def chosen_columns(bound: BoundEntity) -> list[str] | None:
    """The columns that the user chose for the entity."""
    found = ColumnChoice.objects.filter(user=bound.user, entity=bound.label).values_list("columns", flat=True).first()
    return list(found) if found else None
