"""The kinds “formula” and “roll-up”: read-only, shown and compared like a field of the kind of their result."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.formulas.graph import DEEPEST, FORMULA, ROLLUP, Computed, graph, understand
from crm.customfields.formulas.paths import ModelNames
from crm.customfields.formulas.rollups import RollUp, read_rollup
from crm.customfields.kinds import CUSTOM_KINDS, DECIMALS, SEARCH, SORT, CustomKind, custom_kind
from crm.lib.expressions import ExpressionError, Type, compile_expression

RESULTS: dict[str, frozenset[Type]] = {
    "number": frozenset({Type.NUMBER}),
    "integer": frozenset({Type.NUMBER}),
    "money": frozenset({Type.NUMBER}),
    "percent": frozenset({Type.NUMBER}),
    "text": frozenset({Type.TEXT}),
    "date": frozenset({Type.DATE}),
    "datetime": frozenset({Type.DATETIME}),
    "boolean": frozenset({Type.BOOLEAN}),
}
KEPT = frozenset({DECIMALS, SORT, SEARCH})


def shape(definition: Any) -> CustomKind:
    """The kind of the result, as it is worked out and not written."""
    result = definition.value_kind
    return _like(definition.kind, result if result in RESULTS else "text")


@cache
def _like(name: str, result: str) -> CustomKind:
    own, like = CUSTOM_KINDS[name], CUSTOM_KINDS[result]
    return replace(
        like, name=name, label=own.label, icon=own.icon, settings=like.settings & KEPT, computed=True, judge=own.judge
    )


def _source(definition: Any, given: dict[str, Any]) -> models.Field:
    return shape(definition).source(definition, given)


def judge_formula(definition: Any) -> None:
    """Check the expression and keep it with names that never change; ValidationError says what is wrong, and where."""
    said = dict(definition.settings or {})
    text = str(said.get("expression") or "")
    result = said.get("result")
    if result not in RESULTS:
        raise ValidationError({"result": _("Choose what kind of value it gives.")})
    try:
        compiled = compile_expression(text, ModelNames(_model(definition)), wants=RESULTS[result])
    except ExpressionError as error:
        raise ValidationError({"expression": in_place(error, text)}) from error
    definition.settings = {"expression": compiled.canonical, "result": result}
    _settle(definition, "expression")


def in_place(error: ExpressionError, text: str) -> str:
    """The message with the place it is about."""
    _before, place, _behind = error.around(text)
    if not place.strip():
        return error.message
    told = {"place": place, "number": error.start + 1, "message": error.message}
    return _("At character %(number)s (%(place)s): %(message)s") % told


def judge_rollup(definition: Any) -> None:
    """Check a roll-up; ValidationError names the setting."""
    said = dict(definition.settings or {})
    rollup = read_rollup(_model(definition), said)
    field = rollup.value.field.name if rollup.value else ""
    kept = {"link": said["link"], "function": rollup.function, "field": field, "where": said.get("where") or {}}
    definition.settings = {**kept, "result": result_of(rollup)}
    _settle(definition, "link")


def result_of(rollup: RollUp) -> str:
    """The kind of value that a roll-up gives."""
    if rollup.value is None:
        return "integer"
    kind = rollup.value.field.kind
    if rollup.function == "avg":
        return "money" if kind == "money" else "percent" if kind == "percent" else "number"
    return kind


def _model(definition: Any) -> Any:
    try:
        return apps.get_model(definition.entity)
    except (LookupError, ValueError) as error:
        raise ValidationError({"entity": _("There is no such entity.")}) from error


def _settle(definition: Any, name: str) -> None:
    """Refuse circles and towers; note what it is made of, for the policy."""
    computed = understand(definition)
    try:
        known = graph_with(computed)
        deep = known.depth(computed)
        over = [known.depth(other) for other in known.every.values() if other.key[0] == computed.key[0]]
    except ValidationError as error:
        raise ValidationError({name: error.messages}) from error
    if max([deep, *over]) > DEEPEST:
        said = _("More than %(most)s formulas would stand on each other.") % {"most": DEEPEST}
        raise ValidationError({name: said})
    definition.settings["steps"] = sorted({*map(tuple, steps_read(computed))})
    definition.settings["steps"] = [list(step) for step in definition.settings["steps"]]


def steps_read(computed: Computed) -> list[tuple[str, str]]:
    """(entity, field) of what it reads at first hand."""
    found = [step for path in computed.paths for step in path.steps]
    if computed.rollup:
        label = computed.base._meta.label_lower
        found += [(label, name) for name in computed.rollup.link.names]
    return [step for step in found if step != computed.key]


def graph_with(computed: Computed) -> Any:
    """The graph as it would be with this field."""
    now = graph()
    found = type(now)()
    for other in now.every.values():
        if other.key != computed.key:
            found.add(other)
    found.add(computed)
    return found


def _judge(name: str, label: Any, icon: str, judge: Any) -> None:
    custom_kind(
        CustomKind(
            name,
            label,
            icon,
            _source,
            lambda links, d: shape(d).sql(links, d),
            settings=KEPT,
            computed=True,
            shape=shape,
            judge=judge,
        )
    )


_judge(FORMULA, gettext_lazy("Formula"), "math-function", judge_formula)
_judge(ROLLUP, gettext_lazy("Roll-up"), "sum", judge_rollup)

__all__ = ["RESULTS", "in_place", "judge_formula", "judge_rollup", "result_of", "shape"]
