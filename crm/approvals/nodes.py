"""The nodes of a route, stored as JSON in the order in which they are passed.

{"key", "name", "kind": "sign" | "copy", "when": condition,
 "by": "people" | "role" | "superior" | "head" | "field", "people": [ids], "role": id, "near": bool, "level": n, "field": name,
 "mode": "all" | "any" | "order", "self": "superior" | "skip" | "sign", "nobody": "admin" | "person" | "skip", "instead": id,
 "opens": [fields], "edits": [fields], "hours": n, "remind": n, "late": "" | "tell" | "superior" | "admin"}
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access.models import Role
from crm.approvals.lines import MODES
from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.users.models import User

Node = dict[str, Any]
MOST_NODES, MOST_PEOPLE, MOST_EFFECTS = 30, 50, 20
LONGEST_HOURS = 2000
KEY = re.compile(r"[a-z0-9]{1,20}")

BY = {
    "people": gettext_lazy("these people"),
    "role": gettext_lazy("everybody with a role"),
    "superior": gettext_lazy("a superior of who asks"),
    "head": gettext_lazy("the head of the department of who asks"),
    "field": gettext_lazy("a person named on the record"),
}
MODE = {
    "all": gettext_lazy("all of them must approve"),
    "any": gettext_lazy("one of them is enough"),
    "order": gettext_lazy("one after the other"),
}
SELF = {
    "superior": gettext_lazy("their superior is asked instead"),
    "skip": gettext_lazy("they are left out"),
    "sign": gettext_lazy("they approve it themselves"),
}
NOBODY = {
    "admin": gettext_lazy("an administrator is asked"),
    "person": gettext_lazy("this person is asked"),
    "skip": gettext_lazy("the node is skipped"),
}
LATE = {
    "": gettext_lazy("nothing more"),
    "tell": gettext_lazy("their superior is told"),
    "superior": gettext_lazy("their superior decides instead"),
    "admin": gettext_lazy("an administrator decides instead"),
}


def fresh_node(kind: str = "sign", by: str = "superior") -> Node:
    """A new node as the editor begins it."""
    return {
        "key": f"n{secrets.token_hex(4)}",
        "name": "",
        "kind": kind,
        "when": {},
        "by": by,
        "people": [],
        "role": None,
        "near": False,
        "level": 1,
        "field": "",
        "mode": "any",
        "self": "superior",
        "nobody": "admin",
        "instead": None,
        "opens": [],
        "edits": [],
        "hours": 0,
        "remind": 0,
        "late": "",
    }


def check_nodes(raw: Any, bound: BoundEntity) -> list[Node]:
    """The nodes as they are stored; ValidationError says which one is wrong and why."""
    if not isinstance(raw, list) or not any(isinstance(node, dict) and node.get("kind") != "copy" for node in raw):
        raise ValidationError(_("Add at least one node that approves."))
    if len(raw) > MOST_NODES:
        raise ValidationError(_("A route has at most %(count)d nodes.") % {"count": MOST_NODES})
    found: list[Node] = []
    for number, node in enumerate(raw, start=1):
        try:
            found.append(_check(node, bound))
        except ValidationError as error:
            told = {"number": number, "error": "; ".join(error.messages)}
            raise ValidationError(_("Node %(number)s: %(error)s") % told) from error
    if len({node["key"] for node in found}) != len(found):
        raise ValidationError(_("The page was sent incompletely. Load it again."))
    return found


def _check(raw: Any, bound: BoundEntity) -> Node:
    if not isinstance(raw, dict) or not KEY.fullmatch(str(raw.get("key") or "")):
        raise ValidationError(_("The page was sent incompletely. Load it again."))
    node = fresh_node() | {name: raw[name] for name in fresh_node() if name in raw}
    node["name"] = str(node["name"] or "").strip()[:100]
    _among(node, "kind", ("sign", "copy"))
    _among(node, "by", BY)
    _among(node, "mode", MODES)
    _among(node, "self", SELF)
    _among(node, "nobody", NOBODY)
    _among(node, "late", LATE)
    node["when"] = _condition(node["when"], bound)
    _WHO[node["by"]](node, bound)
    if node["kind"] == "sign" and node["nobody"] == "person":
        node["instead"] = _person(node["instead"])
    for name, most in (("hours", LONGEST_HOURS), ("remind", LONGEST_HOURS), ("level", 10)):
        node[name] = _number(node[name], most)
    node["level"] = max(1, node["level"])
    node["near"] = bool(node["near"])
    node["opens"] = _fields(node["opens"], set(bound.entity.field_names))
    node["edits"] = _fields(node["edits"], set(bound.entity.form_names))
    node["name"] = node["name"] or str(BY[node["by"]])
    return node


def _among(node: Node, name: str, choices: Any) -> None:
    if not isinstance(node[name], str) or node[name] not in choices:
        raise ValidationError(_("“%(value)s” can't be chosen.") % {"value": str(node[name])[:50]})


def _condition(stored: Any, bound: BoundEntity) -> Mapping[str, Any]:
    if not stored:
        return {}
    return stored if bound.condition(stored).nodes else {}


def _people(node: Node, bound: BoundEntity) -> None:
    chosen = node["people"] if isinstance(node["people"], list) else []
    ids = [_number(pk, 2**62) for pk in chosen if pk not in ("", None)]
    known = set(User.objects.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))
    node["people"] = [pk for pk in dict.fromkeys(ids) if pk in known][:MOST_PEOPLE]
    if not node["people"]:
        raise ValidationError(_("Choose at least one person."))


def _role(node: Node, bound: BoundEntity) -> None:
    node["role"] = _number(node["role"], 2**62)
    if not Role.objects.filter(pk=node["role"]).exists():
        raise ValidationError(_("Choose a role."))


def _field(node: Node, bound: BoundEntity) -> None:
    if node["field"] not in dict(person_fields(bound)):
        raise ValidationError(_("Choose a field that names a person."))


_WHO: dict[str, Callable[[Node, BoundEntity], None]] = {
    "people": _people,
    "role": _role,
    "field": _field,
    "superior": lambda node, bound: None,
    "head": lambda node, bound: None,
}


def person_fields(bound: BoundEntity) -> list[tuple[str, str]]:
    """The fields of the entity that name a person."""
    names = dict.fromkeys(["owner", *bound.entity.field_names])
    return [(name, bound.entity.field(name).label) for name in names if bound.entity.field(name).kind == "user"]


def _person(raw: Any) -> int:
    pk = _number(raw, 2**62)
    if not User.objects.filter(pk=pk, is_active=True).exists():
        raise ValidationError(_("Choose a person."))
    return pk


def _number(raw: Any, most: int) -> int:
    text = str(raw if raw not in (None, "") else 0)
    if not text.isascii() or not text.isdigit() or int(text[:20]) > most:
        raise ValidationError(_("Enter a whole number."))
    return int(text)


def _fields(raw: Any, known: set[str]) -> list[str]:
    names = raw if isinstance(raw, list) else []
    return [name for name in dict.fromkeys(map(str, names)) if name in known]


def check_effects(raw: Any, bound: BoundEntity) -> list[dict[str, Any]]:
    """The effects as they are stored, judged with the rights of the bound user; ValidationError says what is wrong."""
    if not isinstance(raw, list) or len(raw) > MOST_EFFECTS:
        raise ValidationError(_("The page was sent incompletely. Load it again."))
    found = []
    for one in raw:
        name, params = (str(one.get("effect") or ""), one.get("params") or {}) if isinstance(one, dict) else ("", {})
        if not isinstance(params, dict):
            raise ValidationError(_("The page was sent incompletely. Load it again."))
        try:
            effects.cleaned(effects.effect_of(name, bound.entity), bound.entity, bound.user, params)
        except (LookupError, PermissionDenied) as error:
            raise ValidationError(str(error.args[0])) from error
        found.append({"effect": name, "params": params})
    return found


def check_locks(raw: Any, bound: BoundEntity) -> list[str]:
    """The fields that stay locked, as they are stored."""
    return _fields(raw, set(bound.entity.form_names))
