"""The tabs of a record page: its timeline, the entities that show on it, its history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import Entity, registry
from crm.entities.paging import ordered
from crm.entities.panels import record_tabs
from crm.fields.conditions import make_test

SHOWN = 20
COUNT_TO = 999
FRONT = 7


@dataclass(frozen=True)
class Tab:
    """One tab; ``name`` is what ``?tab=`` says, ``count`` a text that comes in a second request."""

    name: str
    label: str
    icon: str
    url: str
    active: bool
    count: str = ""
    folded: bool = False


def tabs_of(bound: BoundEntity, record: Model, active: str) -> list[Tab]:
    """The tabs that the user may open, without counts."""
    here = bound.url("record", record.pk)
    found = [("timeline", _("Timeline"), "timeline")]
    found += [(e.label, _title(bound, e), e.icon) for e in _related(bound)]
    found += [(tab.name, str(tab.title), tab.icon) for tab in record_tabs(bound.label, record, bound.user)]
    found.append(("history", _("History"), "history"))
    return _arranged(
        [
            Tab(name, label, icon, here if name == "timeline" else f"{here}?tab={quote(name)}", name == active)
            for name, label, icon in found
        ]
    )


def _arranged(tabs: list[Tab]) -> list[Tab]:
    """More tabs than fit a line: those with nothing in them fold into a menu, but for the first, the open one and the history."""
    if len(tabs) <= FRONT + 2:
        return tabs
    return [
        replace(tab, folded=not (place < FRONT or tab.count or tab.active or tab.name == "history"))
        for place, tab in enumerate(tabs)
    ]


def row_of(tabs: list[Tab]) -> dict[str, Any]:
    """What the template of the row asks for."""
    return {"tabs": tabs, "folds": any(tab.folded for tab in tabs)}


def _title(bound: BoundEntity, entity: Entity) -> str:
    if entity.label == bound.label:
        return _("%(entities)s below") % {"entities": entity.plural}
    return entity.plural


def _related(bound: BoundEntity) -> list[Entity]:
    """The entities that show here, as far as the user may see them and the link that ties them."""
    return [
        e
        for e in bound.entity.related()
        if bind(e, bound.user).can("view") and bind(e, bound.user).bind_field(e.field(e.parents[bound.label]))
    ]


def counted(bound: BoundEntity, record: Model, tabs: list[Tab]) -> list[Tab]:
    """The tabs with the counts of related records, each counted up to a limit."""
    others = {tab.name: tab.count for tab in record_tabs(bound.label, record, bound.user) if tab.count}
    return _arranged([replace(tab, count=_count(bound, record, tab.name, others.get(tab.name))) for tab in tabs])


def _count(bound: BoundEntity, record: Model, name: str, count: Callable[[Any], int] | None) -> str:
    if count is not None:
        number = count(record)
    elif "." in name:
        number = rows_of(bind(registry[name], bound.user), bound, record).order_by()[: COUNT_TO + 1].count()
    else:
        return ""
    return f"{COUNT_TO}+" if number > COUNT_TO else str(number) if number else ""


def rows_of(child: BoundEntity, bound: BoundEntity, record: Model) -> QuerySet:
    """The records of ``child`` that hang on ``record``, as far as the user may see them."""
    link = child.field(child.entity.parents[bound.label])
    return child.records().filter(make_test(link, "in", [str(record.pk)]).q(child.reader()))


def related_context(bound: BoundEntity, record: Model, label: str) -> dict[str, Any] | None:
    """What a related tab shows: the first rows, the way to all of them, the way to add one. None: there is no such tab."""
    entity = next((e for e in _related(bound) if e.label == label), None)
    if entity is None:
        return None
    child = bind(entity, bound.user)
    link = entity.parents[bound.label]
    columns = [f for f in child.visible(entity.columns) if f.name != link]
    relations = {f.relation for f in columns} - {""}
    found = list(_ordered(child, rows_of(child, bound, record).select_related(*relations))[: SHOWN + 1])
    child.preload(columns, found)
    where = f'{{"all":[{{"field":"{link}","op":"in","value":["{record.pk}"]}}]}}'
    return {
        "child": child,
        "columns": columns,
        "rows": found[:SHOWN],
        "more": len(found) > SHOWN,
        "all_url": f"{entity.url('list')}?{urlencode({'where': where})}" if link in child.filterable else "",
        "add_url": f"{entity.url('add')}?{urlencode({link: record.pk})}" if child.can("add") else "",
    }


def _ordered(child: BoundEntity, rows: QuerySet) -> QuerySet:
    """The rows in the entity's own order, by the column that sorts it."""
    column = child.entity.sortable.get(child.default_sort.lstrip("-"), "pk")
    return ordered(rows, column, descending=child.default_sort.startswith("-"))
