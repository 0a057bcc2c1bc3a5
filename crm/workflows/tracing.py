"""A trace as a reader may know it: what a rule looked at, what it found and what it did, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.entities.entity import registry
from crm.fields.kinds import LABELS
from crm.workflows.words import values_words

HIDDEN = "•••"


def ends() -> dict[str, str]:
    """Why a run ended before its last step."""
    return {
        "off": _("The rule was switched off meanwhile."),
        "gone": _("The record is gone or lies in the trash."),
        "principal": _("The person it acts as may not see this record."),
        "no_entity": _("The entity does not exist any more."),
        "depth": _("Too many rules had set each other off in a row."),
        "often": _("It had acted on this record too often within a minute."),
        "undone": _("It was undone."),
    }


def readable(lines: Iterable[Mapping[str, Any]], bound: BoundEntity, *, whole: bool) -> list[dict[str, Any]]:
    """The lines for a template. ``whole``: the reader manages rules and so reads what each step said, else only that it was done."""
    return [_line(line, bound, whole) for line in lines]


def _line(line: Mapping[str, Any], bound: BoundEntity, whole: bool) -> dict[str, Any]:
    match line["t"]:
        case "condition":
            word = _("The condition holds") if line["ok"] else _("The condition does not hold")
            return {"ok": line["ok"], "text": word, "tests": _tests(line, bound)}
        case "if":
            if "nodes" not in line:
                return {"ok": False, "text": line.get("said", "")}
            word = _("The branch holds") if line["ok"] else _("The branch does not hold")
            return {"ok": line["ok"], "text": word, "tests": _tests(line, bound), "icon": "arrows-split"}
        case "effect":
            return _effect(line, bound, whole)
        case "wait":
            until = _moment(line.get("until"))
            text = (
                _("Waits until %(moment)s") % {"moment": until}
                if until
                else _("Would wait; what follows is decided then")
            )
            return {"text": text, "icon": "clock"}
        case "quiet":
            return {"text": _("Quiet hours until %(moment)s") % {"moment": _moment(line["until"])}, "icon": "moon"}
        case "met":
            return {"ok": True, "text": _("What it waited for came true"), "icon": "clock"}
        case "late":
            return {"ok": False, "text": _("What it waited for did not come true in time"), "icon": "clock"}
        case "hidden":
            return {"ok": False, "text": line["said"] if whole else _("Its condition names a field it may not read.")}
        case "hand":
            return {"text": _("Set off by %(user)s") % {"user": line["said"]}, "icon": "hand-click"}
        case "end":
            return {"ok": False, "text": ends().get(line["why"], line["why"])}
        case "broken":
            return {"ok": False, "text": line["said"] if whole else _("It failed.")}
    return {"text": _("Stop"), "icon": "player-stop"}


def _moment(text: str | None) -> str:
    return timezone.localtime(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M") if text else ""


def _effect(line: Mapping[str, Any], bound: BoundEntity, whole: bool) -> dict[str, Any]:
    try:
        found = effects.effect_of(line["effect"], bound.entity)
        label, icon = str(found.label), found.icon
    except LookupError:
        label, icon = line["effect"], "bolt"
    said = line.get("said", "") if whole else ("" if line["ok"] else _("not done"))
    return {"ok": line["ok"], "text": f"{label}: {said}" if said and said != label else label, "icon": icon}


def _tests(line: Mapping[str, Any], bound: BoundEntity) -> list[dict[str, Any]]:
    """Every test of a group, flat: field, comparison and value, and what was found."""
    found: list[dict[str, Any]] = []
    for node in line["nodes"]:
        found += _tests(node, bound) if "nodes" in node else [_test(node, bound)]
    return found


def _test(node: Mapping[str, Any], bound: BoundEntity) -> dict[str, Any]:
    name = node["field"]
    try:
        field = bound.bind_field(bound.entity.field(name))
    except FieldDoesNotExist:
        return {"ok": node["ok"], "field": name, "op": "", "value": "", "found": HIDDEN}
    if field is None or field.masked:
        label = field.label if field is not None else HIDDEN
        return {"ok": node["ok"], "field": label, "op": "", "value": "", "found": HIDDEN}
    values = " / ".join(_shown(field.field, value) for value in node["value"])
    if getattr(field.source, "is_relation", False):
        values = values_words(bound, name, node["value"])
    return {
        "ok": node["ok"],
        "field": field.label,
        "op": str(LABELS[node["op"]]),
        "value": values,
        "found": _found(field.field, node, bound.user) or "–",
    }


def _found(field: Any, node: Mapping[str, Any], user: Any) -> str:
    if getattr(field.source, "is_relation", False) and node["found"] is not None:
        target = field.source.related_model
        label = target._meta.label_lower
        if label in registry and not policy.visible_ids(user, target, [node["found"]]):
            return HIDDEN
        return node.get("text", f"#{node['found']}")
    return _shown(field, node["found"])


def _shown(field: Any, value: Any) -> str:
    try:
        return field.show(field.clean(value)) if value not in (None, "") else ""
    except (ValidationError, TypeError):
        return str(value)
