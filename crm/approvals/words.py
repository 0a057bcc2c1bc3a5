"""A process in plain words, in the reader's language: for what, who approves, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.access.models import Role
from crm.approvals.nodes import BY, LATE
from crm.approvals.picture import rule
from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.entities.condition_field import in_words
from crm.users.models import User


def summary(bound: BoundEntity, said: Any) -> dict[str, Any]:
    """``condition`` (empty: always), ``nodes`` and what follows, as lines."""
    return {
        "condition": condition_words(bound, said.condition),
        "nodes": [node_words(bound, node) for node in said.nodes],
        "approved": [effect_words(bound, one) for one in said.approved],
        "rejected": [effect_words(bound, one) for one in said.rejected],
        "locks": "、".join(field_label(bound, name) for name in said.locks),
    }


def condition_words(bound: BoundEntity, stored: Mapping[str, Any]) -> str:
    """The condition as a sentence, or why it can't be read."""
    try:
        return in_words(bound, stored)
    except ValidationError as error:
        return "; ".join(error.messages)


def field_label(bound: BoundEntity, name: str) -> str:
    """What a field is called; its name when there is none any more."""
    try:
        return bound.entity.field(name).label
    except FieldDoesNotExist:
        return name


def effect_words(bound: BoundEntity, one: Mapping[str, Any]) -> str:
    """What an effect does."""
    try:
        return effects.describe(str(one.get("effect")), bound.entity, one.get("params") or {}, bound.user)
    except LookupError as error:
        return str(error.args[0])


def node_words(bound: BoundEntity, node: Mapping[str, Any]) -> dict[str, str]:
    """``name``, ``who`` and ``more`` of a node."""
    more = []
    if node.get("when"):
        more.append(_("only if %(condition)s") % {"condition": condition_words(bound, node["when"])})
    if node.get("hours"):
        hours = int(node["hours"])
        within = ngettext("within %(n)d working hour", "within %(n)d working hours", hours) % {"n": hours}
        more.append(f"{within}, {LATE[node['late']]}" if node.get("late") else within)
    for name, text in (("opens", _("shows %(fields)s")), ("edits", _("may change %(fields)s"))):
        if node.get(name):
            more.append(text % {"fields": "、".join(field_label(bound, one) for one in node[name])})
    who = who_words(bound, node)
    several = node["by"] == "role" or len(node.get("people") or ()) > 1
    if several:
        who = f"{who} ({rule(node)})"
    return {"name": node["name"], "who": who, "more": "; ".join(more), "kind": node["kind"]}


def who_words(bound: BoundEntity, node: Mapping[str, Any]) -> str:
    """Whom a node asks."""
    match node["by"]:
        case "people":
            found = User.objects.in_bulk(node["people"])
            return "、".join(str(found[pk]) for pk in node["people"] if pk in found)
        case "role":
            role = Role.objects.filter(pk=node["role"]).first()
            text = (
                _("%(role)s near the record's department")
                if node.get("near")
                else _("everybody with the role %(role)s")
            )
            return text % {"role": role or "?"}
        case "superior":
            return _("the superior of who asks, level %(n)s") % {"n": node["level"]}
        case "field":
            return _("the person in “%(field)s”") % {"field": field_label(bound, node["field"])}
    return str(BY[node["by"]])
