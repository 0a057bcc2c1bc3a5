"""Conditions in words: the chips above a list."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.fields.conditions import Group, Test
from crm.fields.kinds import LABELS
from crm.fields.trees import UNDER
from crm.users.models import User

if TYPE_CHECKING:
    from crm.entities.query import ListQuery

MAX_NAMED = 3


@dataclass(frozen=True)
class Chip:
    """One condition: field, operator, value in words, and the address without it (empty: it belongs to the view)."""

    field: str
    op: str
    value: str
    remove_url: str


def chips_of(query: ListQuery) -> list[Chip]:
    """The chips of the view, of the builder's top-level conditions, of the address's filters one by one, of the search."""
    user = query.bound.user
    found = []
    for group, items, changes in (_from_view(query), _from_builder(query)):
        if group and group.any and len(group.nodes) > 1:
            found.append(_chip(user, group, query.url(**changes([]))))
            continue
        for i, node in enumerate(group.nodes if group else ()):
            found.append(_chip(user, node, query.url(**changes([item for j, item in enumerate(items) if j != i]))))
    found += [_chip(user, test, query.url(**{name: None})) for name, test in query.filters.tests.items()]
    if query.search:
        found.append(Chip(_("Search"), "", query.search, query.url(q=None)))
    return found


# A parsed condition, its stored items one by one, and which parameters change when only some items stay.
Source = tuple[Group | None, list[Any], Callable[[list[Any]], dict[str, str | None]]]


def _from_view(query: ListQuery) -> Source:
    """Without one of its conditions the view is an edited one: the address then holds the others."""
    _joiner, items = _parts(query.view_where)
    builder = json.loads(query.where_text) if query.where_group else None

    def changes(rest: list[Any]) -> dict[str, str | None]:
        return {"edited": "1", "where": _text("all", [*rest, builder] if builder else rest)}

    return query.view_group, items, changes


def _from_builder(query: ListQuery) -> Source:
    joiner, items = _parts(json.loads(query.where_text) if query.where_group else None)
    return query.where_group, items, lambda rest: {"where": _text(joiner, rest)}


def _parts(where: Any) -> tuple[str, list[Any]]:
    return next(iter(where.items())) if where else ("all", [])


def _text(joiner: str, items: list[Any]) -> str | None:
    return json.dumps({joiner: items}, ensure_ascii=False) if items else None


def _chip(user: User, node: Test | Group, remove_url: str) -> Chip:
    if isinstance(node, Group):
        joiner = _(" or ") if node.any else _(" and ")
        return Chip("", "", joiner.join(describe(user, n) for n in node.nodes), remove_url)
    return Chip(node.field.label, str(LABELS[node.op]), _values(user, node), remove_url)


def describe(user: User, node: Test | Group) -> str:
    """A condition in words, as ``user`` may read it."""
    if isinstance(node, Group):
        joiner = _(" or ") if node.any else _(" and ")
        return "(" + joiner.join(describe(user, n) for n in node.nodes) + ")"
    return " ".join(filter(None, [node.field.label, str(LABELS[node.op]), _values(user, node)]))


def _values(user: User, test: Test) -> str:
    texts = _names(user, test)
    comma = pgettext("between values", ", ")
    if len(texts) > MAX_NAMED:
        return _("%(names)s and %(count)d more") % {
            "names": comma.join(texts[:MAX_NAMED]),
            "count": len(texts) - MAX_NAMED,
        }
    return " – ".join(texts) if test.op == "between" else comma.join(texts)


def _names(user: User, test: Test) -> list[str]:
    """The values in words; linked records by their names, in one query, and only those that the user may see."""
    field, values = test.field, test.values
    if field.source.is_relation and values and test.op in {"in", "not_in", *UNDER}:
        model = field.source.related_model
        rows = model.objects.restrict(user) if hasattr(model, "access") else model._default_manager.all()
        found = rows.in_bulk(values)
        return [str(found.get(v, "?")) for v in values]
    return [str(v) if field.kind in {"date", "datetime"} else field.show(v) for v in values]
