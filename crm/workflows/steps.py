"""The steps of a rule: a tree, stored as JSON, walked by paths such as ``[1, "then", 0]``.

{"do": "effect", "effect": name, "params": {…}}
{"do": "if", "when": condition, "then": [steps], "else": [steps]}
{"do": "wait", "for": "time", "days", "hours", "minutes", "working"}
{"do": "wait", "for": "date", "field", "days", "hours", "at", "working"}     go on at once when it is empty or past
{"do": "wait", "for": "condition", "when": condition, "days", "hours", "late": "go_on" | "stop"}
{"do": "stop"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.fields.conditions import ConditionError

Step = Mapping[str, Any]
Path = list[Any]
MAX_STEPS, MAX_DEPTH = 50, 5
LONGEST_WAIT = 400  # days
BRANCHES = ("then", "else")


def step_at(steps: Sequence[Step], path: Path) -> Step | None:
    """The step at a path; None past the end of its list."""
    here: Any = steps
    for part in path[:-1]:
        here = here[part]
    return here[path[-1]] if path[-1] < len(here) else None


def enter(steps: Sequence[Step], path: Path) -> Path | None:
    """The path itself, or where the walk goes on after the end of a branch; None after the last step of all."""
    while path:
        if step_at(steps, path) is not None:
            return path
        path = path[:-2]
        if path:
            path = [*path[:-1], path[-1] + 1]
    return None


def following(steps: Sequence[Step], path: Path) -> Path | None:
    """Where the walk goes on after the step at ``path``."""
    return enter(steps, [*path[:-1], path[-1] + 1])


def every_step(steps: Sequence[Step], path: Path | None = None) -> Iterator[tuple[Path, Step]]:
    """All steps with their paths, in order."""
    for index, step in enumerate(steps):
        here = [*(path or []), index]
        yield here, step
        for branch in BRANCHES if step.get("do") == "if" else ():
            yield from every_step(step.get(branch) or [], [*here, branch])


def later_ifs(steps: Sequence[Step], path: Path | None) -> bool:
    """Whether a branch is still to be judged at or after a path."""
    while path is not None:
        step = step_at(steps, path)
        if step is not None and step["do"] == "if":
            return True
        path = following(steps, path)
    return False


def check_steps(steps: Any, bound: BoundEntity) -> list[dict[str, Any]]:
    """The steps as they are stored; ValidationError says which step is wrong and why."""
    if not isinstance(steps, list) or not steps:
        raise ValidationError(_("Add at least one step."))
    checked = _check_list(steps, bound, "", 0)
    if sum(1 for _step in every_step(checked)) > MAX_STEPS:
        raise ValidationError(_("A rule has at most %(count)d steps.") % {"count": MAX_STEPS})
    return checked


def _check_list(steps: Any, bound: BoundEntity, number: str, depth: int) -> list[dict[str, Any]]:
    if not isinstance(steps, list) or depth > MAX_DEPTH:
        raise ValidationError(_("The steps are nested too deeply."))
    return [_check(step, bound, f"{number}{index}", depth) for index, step in enumerate(steps, start=1)]


def _check(step: Any, bound: BoundEntity, number: str, depth: int) -> dict[str, Any]:
    kind = step.get("do") if isinstance(step, dict) else None
    try:
        match kind:
            case "effect":
                return _check_effect(step, bound)
            case "wait":
                return _check_wait(step, bound)
            case "stop":
                return {"do": "stop"}
            case "if":
                when = step.get("when") or {"all": []}
                bound.condition(when)
                branches = {
                    name: _check_list(step.get(name) or [], bound, f"{number}.", depth + 1) for name in BRANCHES
                }
                return {"do": "if", "when": when, **branches}
    except ConditionError as error:
        raise ValidationError(
            _("Step %(number)s: %(error)s") % {"number": number, "error": error.messages[0]}
        ) from error
    except (PermissionDenied, LookupError) as error:
        raise ValidationError(_("Step %(number)s: %(error)s") % {"number": number, "error": error.args[0]}) from error
    except _Wrong as error:
        text = "; ".join(error.messages)
        raise ValidationError(_("Step %(number)s: %(error)s") % {"number": number, "error": text}) from error
    raise ValidationError(_("Step %(number)s: %(error)s") % {"number": number, "error": _("There is no such step.")})


class _Wrong(ValidationError):
    """What is wrong with one step, before it knows its number."""


def _check_effect(step: Step, bound: BoundEntity) -> dict[str, Any]:
    name, params = str(step.get("effect") or ""), step.get("params") or {}
    found = effects.effect_of(name, bound.entity)
    if not isinstance(params, dict) or not all(_plain(value) for value in params.values()):
        raise _Wrong(_("The step is not complete."))
    if name == "set_fields" and not params:
        raise _Wrong(_("Choose at least one field."))
    try:
        effects.cleaned(found, bound.entity, bound.user, params)
    except ValidationError as error:
        raise _Wrong(error.messages) from error
    return {"do": "effect", "effect": name, "params": params}


def _plain(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(one, str | int | float | bool) or one is None for one in values)


def _check_wait(step: Step, bound: BoundEntity) -> dict[str, Any]:
    checked: dict[str, Any] = {"do": "wait", "for": step.get("for"), "working": bool(step.get("working"))}
    negative = checked["for"] == "date"
    checked |= {name: whole(step.get(name), negative) for name in ("days", "hours", "minutes") if step.get(name)}
    match checked["for"]:
        case "time":
            if not any(checked.get(name) for name in ("days", "hours", "minutes")):
                raise _Wrong(_("Say how long to wait."))
        case "date":
            checked["field"] = date_field(bound, step.get("field"))
            checked["at"] = clock(step.get("at"))
        case "condition":
            checked["when"] = step.get("when") or {}
            if not bound.condition(checked["when"] or {"all": []}).nodes:
                raise _Wrong(_("Say what to wait for."))
            if not any(checked.get(name) for name in ("days", "hours", "minutes")):
                raise _Wrong(_("Say how long to wait at most."))
            checked["late"] = "stop" if step.get("late") == "stop" else "go_on"
        case _:
            raise _Wrong(_("The step is not complete."))
    return checked


def date_field(bound: BoundEntity, name: Any) -> str:
    """A date of the entity whose value the user may know."""
    field = bound.filterable.get(name)
    if field is None or field.kind not in {"date", "datetime"}:
        raise _Wrong(_("Choose a date."))
    return str(name)


def clock(text: Any) -> str:
    """“09:00”, or empty."""
    text = str(text or "")[:5]
    hour, colon, minute = text.partition(":")
    if text and not (colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise _Wrong(_("“%(text)s” is no time of day.") % {"text": text})
    return text


def whole(raw: Any, negative: bool) -> int:
    """A whole number of days, hours or minutes."""
    try:
        number = int(str(raw))
    except ValueError as error:
        raise _Wrong(_("Enter a whole number.")) from error
    if abs(number) > LONGEST_WAIT or (number < 0 and not negative):
        raise _Wrong(_("Enter a number from 0 to %(most)d.") % {"most": LONGEST_WAIT})
    return number
