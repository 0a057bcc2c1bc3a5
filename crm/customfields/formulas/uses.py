"""Who needs a custom field: formulas, roll-ups and rules that read it."""

from __future__ import annotations

from typing import Any

from crm.customfields import definitions
from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas.checks import understand
from crm.customfields.formulas.graph import BROKEN, FORMULA, ROLLUP
from crm.customfields.values import ROOM


def users_of(label: str, code: str) -> list[Any]:
    """The computed fields and rules that read a custom field at first hand."""
    step = [label, f"{ROOM}.{code}"]
    every = (field for fields in definitions.current().by_entity.values() for field in fields.values())
    found: list[Any] = [f for f in every if f.kind in {FORMULA, ROLLUP} and step in f.settings.get("steps", [])]
    return found + [rule for rule in ValidationRule.objects.all() if tuple(step) in _steps(rule)]


def _steps(rule: ValidationRule) -> list[tuple[str, str]]:
    try:
        return [step for path in understand(rule).paths for step in path.steps]
    except BROKEN:
        return []
