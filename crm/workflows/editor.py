"""The rule editor: a stored rule as fields to be filled in, and what was posted as a rule again. Nobody writes JSON.

The browser keeps only the order and nesting of the steps (``tree``: ``[{"id": "s1", "then": […], "else": […]}]``); every
value stands in an ordinary form field under the id of its step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.builder import builder_fields
from crm.entities.effect_forms import bound_form, effect_view, read_params, settable  # noqa: F401 - pages ask here
from crm.entities.links import is_id, link_rows
from crm.workflows.steps import BRANCHES, MAX_DEPTH, MAX_STEPS
from crm.workflows.triggers import kinds_of, own_triggers, triggers_for
from crm.workflows.words import weekdays

MOST_OPTIONS = 200
NUMBERS = ("days", "hours", "minutes")


@dataclass(frozen=True)
class Draft:
    """What somebody wrote: a rule that is not saved yet."""

    trigger: dict[str, Any] = field(default_factory=dict)
    condition: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)


def trigger_labels() -> dict[str, str]:
    """What can set a rule off, by name."""
    return {
        "created": _("A record is created"),
        "changed": _("A field changes"),
        "stage": _("It enters a stage"),
        "kind": _("Something happens to it"),
        "date": _("A date is reached"),
        "schedule": _("At fixed times"),
        "hand": _("By hand, from the record"),
        **{name: str(one.label) for name, one in own_triggers.items()},
    }


# A stored rule as fields


def trigger_view(bound: BoundEntity, trigger: Mapping[str, Any]) -> dict[str, Any]:
    """What the trigger's part of the page shows."""
    on = trigger.get("on") or "created"
    labels = trigger_labels()
    choices = [(name, labels[name]) for name in triggers_for(bound)]
    view: dict[str, Any] = {"on": on, "choices": choices, "now": trigger}
    if own := own_triggers.get(on):
        picked = set(trigger.get("to") or ())
        view["own"] = {"options": [(str(value), name, str(value) in picked) for value, name in own.options(bound)]}
    match on:
        case "changed":
            view["fields"] = _changing(bound)
            view["from"] = values_of(bound, trigger.get("field") or "", trigger.get("from") or [])
            view["to"] = values_of(bound, trigger.get("field") or "", trigger.get("to") or [])
        case "stage":
            view["to"] = values_of(bound, bound.entity.board.field, trigger.get("to") or [])
        case "kind":
            view["kinds"] = [(name, said, name in trigger.get("kinds", ())) for name, said in kinds_of(bound.label)]
        case "date":
            view["dates"] = date_fields(bound)
        case "schedule":
            chosen = set(trigger.get("weekdays") or [0])
            view["weekdays"] = [(number, name, number in chosen) for number, name in enumerate(weekdays())]
    return view


def _changing(bound: BoundEntity) -> list[tuple[str, str]]:
    found = bound.readable(name for name in bound.entity.kept_names if "__" not in name)
    return sorted(((name, one.label) for name, one in found.items()), key=lambda pair: pair[1])


def date_fields(bound: BoundEntity) -> list[tuple[str, str]]:
    """The dates of the entity that may be compared."""
    return [(name, one.label) for name, one in bound.filterable.items() if one.kind in {"date", "datetime"}]


def values_of(bound: BoundEntity, name: str, chosen: Sequence[Any]) -> dict[str, Any] | None:
    """What may be chosen as a value of a field: options, or a search; None where values can't be listed."""
    if not name:
        return None
    one, picked = bound.entity.field(name), {str(value) for value in chosen}
    if one.kind == "choice":
        return {"options": [(str(value), label, str(value) in picked) for value, label in one.choices]}
    if one.kind == "boolean":
        return {"options": [("True", _("Yes"), "True" in picked), ("False", _("No"), "False" in picked)]}
    if not getattr(one.source, "is_relation", False) or "__" in name:
        return None
    rows = link_rows(bound, one.source)
    found = list(rows[: MOST_OPTIONS + 1])
    if len(found) <= MOST_OPTIONS and one.kind != "user":
        return {"options": [(str(row.pk), _called(row), str(row.pk) in picked) for row in found]}
    known = rows.filter(pk__in=[pk for pk in picked if is_id(pk)])
    remote = next((f["remote"] for f in builder_fields(bound) if f["name"] == name), "")
    return {"remote": remote, "options": [(str(row.pk), str(row), True) for row in known]}


def _called(row: Any) -> str:
    """Stages of several pipelines are told apart by them."""
    return f"{row.pipeline} · {row}" if hasattr(row, "pipeline") else str(row)


def steps_view(bound: BoundEntity, steps: Iterable[Mapping[str, Any]], ids: Any = None) -> list[dict[str, Any]]:
    """The steps as nested parts of the page, each with an id of its own."""
    ids = ids if ids is not None else count(1)
    return [step_view(bound, step, f"s{next(ids)}", ids) for step in steps]


def step_view(bound: BoundEntity, step: Mapping[str, Any], step_id: str, ids: Any = None) -> dict[str, Any]:
    """One step of the page."""
    view: dict[str, Any] = {
        "id": step_id,
        "do": step.get("do"),
        "now": step,
        "fields_id": f"{step_id}_fields",
        "prefix": f"{step_id}:",
    }
    match step.get("do"):
        case "effect":
            view |= effect_view(bound, step, step_id)
        case "if":
            view["branches"] = [
                (name, label, steps_view(bound, step.get(name) or [], ids))
                for name, label in (("then", _("then")), ("else", _("otherwise")))
            ]
            view |= {"fields": builder_fields(bound), "where": as_text(step.get("when"))}
        case "wait":
            view |= {"dates": date_fields(bound), "where": as_text(step.get("when"))}
            view["fields"] = builder_fields(bound) if step.get("for") == "condition" else None
    return view


def as_text(stored: Any) -> str:
    """A stored condition for a hidden input."""
    return json.dumps(stored, ensure_ascii=False) if stored else ""


# What was posted, as a rule


def read(bound: BoundEntity, data: QueryDict) -> Draft:
    """The draft that a post describes; ValidationError when its frame is broken. What it says is judged later."""
    tree = _json(data.get("tree"), list)
    return Draft(read_trigger(data), _json(data.get("condition"), dict), _steps(bound, data, tree, 0))


def read_trigger(data: QueryDict) -> dict[str, Any]:
    """The trigger's fields."""
    trigger: dict[str, Any] = {"on": data.get("trigger-on", "")}
    for name in ("field", "days", "hours", "minutes", "at", "every", "day"):
        if data.get(f"trigger-{name}"):
            trigger[name] = data[f"trigger-{name}"]
    for name in ("from", "to", "kinds", "weekdays"):
        if f"trigger-{name}" in data:
            trigger[name] = [value for value in data.getlist(f"trigger-{name}") if value]
    if "days" in trigger and data.get("trigger-before"):
        trigger["days"] = _negative(trigger["days"])
    if "hours" in trigger and data.get("trigger-before"):
        trigger["hours"] = _negative(trigger["hours"])
    return trigger | {"working": bool(data.get("trigger-working"))}


def _negative(text: str) -> str:
    return f"-{text.lstrip('-')}"


def _json(text: str | None, kind: type) -> Any:
    try:
        found = json.loads(text) if text else kind()
    except ValueError as error:
        raise ValidationError(_("The page was sent incompletely. Load it again.")) from error
    if not isinstance(found, kind):
        raise ValidationError(_("The page was sent incompletely. Load it again."))
    return found


def _steps(bound: BoundEntity, data: QueryDict, tree: Any, depth: int) -> list[dict[str, Any]]:
    if not isinstance(tree, list) or depth > MAX_DEPTH or len(tree) > MAX_STEPS:
        raise ValidationError(_("The steps are nested too deeply."))
    return [_step(bound, data, node, depth) for node in tree if isinstance(node, dict)]


def _step(bound: BoundEntity, data: QueryDict, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
    step_id = str(node.get("id") or "")
    do = data.get(f"{step_id}:do", "")
    match do:
        case "effect":
            name = data.get(f"{step_id}:effect", "")
            return {"do": do, "effect": name, "params": read_params(bound, data, name, step_id)}
        case "if":
            branches = {name: _steps(bound, data, node.get(name) or [], depth + 1) for name in BRANCHES}
            return {"do": do, "when": _json(data.get(f"{step_id}:when"), dict) or {"all": []}, **branches}
        case "wait":
            return _read_wait(data, step_id)
    return {"do": do}


def _read_wait(data: QueryDict, step_id: str) -> dict[str, Any]:
    step: dict[str, Any] = {"do": "wait", "for": data.get(f"{step_id}:for", "time")}
    for name in (*NUMBERS, "field", "at", "late"):
        if data.get(f"{step_id}:{name}"):
            step[name] = data[f"{step_id}:{name}"]
    if step["for"] == "date" and data.get(f"{step_id}:before"):
        step |= {name: _negative(step[name]) for name in NUMBERS if name in step}
    if step["for"] == "condition":
        step["when"] = _json(data.get(f"{step_id}:when"), dict)
    return step | {"working": bool(data.get(f"{step_id}:working"))}
