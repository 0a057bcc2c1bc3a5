"""Conditions in words: the chips above a list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from crm.fields.conditions import Group, Test
from crm.fields.kinds import LABELS
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
    """The chips of the address: filters one by one, the builder's top-level conditions one by one."""
    user = query.bound.user
    found = [_chip(user, test, query.url(**{name: None})) for name, test in query.filters.tests.items()]
    where = query.params.get("where")
    if where and len(query.groups) and not query.problems:
        items = next(iter(json.loads(where).values()))
        group = query.groups[-1]
        for i, node in enumerate(group.nodes):
            rest = [item for j, item in enumerate(items) if j != i]
            joiner = "any" if group.any else "all"
            found.append(_chip(user, node, query.url(where=json.dumps({joiner: rest}, ensure_ascii=False) if rest else None)))
    if query.search:
        found.append(Chip(_("Search"), "", query.search, query.url(q=None)))
    return found


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
    if len(texts) > MAX_NAMED:
        return _("%(names)s and %(count)d more") % {"names": "、".join(texts[:MAX_NAMED]), "count": len(texts) - MAX_NAMED}
    return " – ".join(texts) if test.op == "between" else "、".join(texts)


def _names(user: User, test: Test) -> list[str]:
    """The values in words; linked records by their names, in one query, and only those that the user may see."""
    field, values = test.field, test.values
    if field.source.is_relation and values and test.op in {"in", "not_in"}:
        model = field.source.related_model
        rows = model.objects.restrict(user) if hasattr(model, "access") else model._default_manager.all()
        found = rows.in_bulk(values)
        return [str(found.get(v, "?")) for v in values]
    return [str(v) if field.kind in {"date", "datetime"} else field.show(v) for v in values]
