"""Whether a condition holds of a record, and the line of the trace that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from crm.entities.bound import BoundEntity
from crm.fields.conditions import Group, Test
from crm.fields.holding import Reader
from crm.records.diff import plain


def read_condition(bound: BoundEntity, stored: Mapping[str, Any] | None) -> Group:
    """The stored condition as the principal may read it; ConditionError names a field that is hidden or gone."""
    return bound.condition(stored) if stored else Group(())


def judge(group: Group, record: Any, reader: Reader) -> tuple[bool, dict[str, Any]]:
    """(whether it holds, what each test found)."""
    nodes, verdicts = [], []
    for node in group.nodes:
        ok, line = judge(node, record, reader) if isinstance(node, Group) else _test(node, record, reader)
        verdicts.append(ok)
        nodes.append(line)
    holds = any(verdicts) if group.any and verdicts else all(verdicts)
    return holds, {"any": group.any, "ok": holds, "nodes": nodes}


def _test(test: Test, record: Any, reader: Reader) -> tuple[bool, dict[str, Any]]:
    ok = test.holds(record, reader)
    found = _as_kept(test.field.source, test.field.raw(record))
    line = {
        "field": test.field.name,
        "op": test.op,
        "value": [stored(value) for value in test.values],
        "found": stored(found),
        "ok": ok,
    }
    if getattr(test.field.source, "is_relation", False) and found is not None:
        line["text"] = str(test.field.value(record))[:200]
    return ok, line


def _as_kept(source: Any, value: Any) -> Any:
    """A value as its column gives it back: 45 is 45.00 there."""
    if isinstance(value, Decimal) and getattr(source, "decimal_places", None) is not None:
        return value.quantize(Decimal(1).scaleb(-source.decimal_places))
    return value


def stored(value: Any) -> Any:
    """A value as JSON can keep it."""
    value = plain(getattr(value, "pk", value))
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder, default=str))
