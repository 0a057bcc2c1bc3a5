"""What an editor of expressions shows beside itself: the functions, the fields to click, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from crm.access.policy import field_mode
from crm.customfields.formulas.checks import TRUTH
from crm.customfields.formulas.graph import FORMULA
from crm.customfields.formulas.kinds import RESULTS
from crm.customfields.formulas.paths import (
    TYPES,
    ModelNames,
    Path,
    fields_of,
    symbol_of,
    target_of,
    written_name,
)
from crm.customfields.formulas.working import RecordEnv, Surroundings, stored
from crm.customfields.models import CustomField
from crm.customfields.values import CustomValue
from crm.entities.bound import bind
from crm.entities.entity import Entity, registry
from crm.lib.expressions import Compiled, ExpressionError, Type, compile_expression, listed
from crm.lib.expressions.errors import Failed

RECENT = 5
MASK = "•••"


def explained(label: str, *, rules: bool = False) -> dict[str, Any]:
    """Functions by group and fields to insert: own ones, then those of each linked record."""
    if label not in registry:
        return {}
    model = apps.get_model(label)
    own = dict.fromkeys(fields_of(model).values())
    links = []
    for hop in own:
        if TYPES[hop.kind] is Type.RECORD:
            fields = dict.fromkeys(fields_of(target_of(hop)).values())
            links.append((hop.label, [_shown(Path((hop,), field), model) for field in fields]))
    return {
        "functions": listed(rules=rules),
        "own": [_shown(Path((), field), model) for field in own],
        "links": [(name, sorted(fields)) for name, fields in links if fields],
    }


def _shown(path: Path, model: Any) -> tuple[str, str]:
    return path.field.label, written_name(symbol_of(path), model)


def live_check(entity: Entity, posted: Mapping[str, str], user: Any) -> dict[str, Any]:
    """What an expression gives for recent records that the person sees, or what is wrong with it."""
    text, rules = posted.get("expression", ""), posted.get("rules") == "1"
    result = posted.get("result", "")
    wants = TRUTH if rules else RESULTS.get(result)
    if not text.strip():
        return {"empty": True}
    try:
        compiled = compile_expression(text, ModelNames(entity.model), wants=wants, rules=rules)
    except ExpressionError as error:
        before, place, behind = error.around(text)
        return {"error": error.message, "before": before, "place": place, "behind": behind}
    return {"rules": rules, "rows": _rows(entity, compiled, posted, user), "clock": compiled.by_the_clock}


def _rows(entity: Entity, compiled: Compiled, posted: Mapping[str, str], user: Any) -> list[tuple[str, str]]:
    """(record, value) of the newest records."""
    bound = bind(entity, user)
    records = list(bound.records().filter(deleted_at__isnull=True).order_by("-pk")[:RECENT])
    paths = {symbol.key.name: symbol.key for symbol in compiled.symbols}
    hidden = any(field_mode(user, path.steps) in {"hidden", "masked"} for path in paths.values())
    surroundings = Surroundings(paths.values())
    surroundings.load(records)
    return [(str(r), MASK if hidden else _value(entity, compiled, posted, surroundings, r)) for r in records]


def _value(
    entity: Entity, compiled: Compiled, posted: Mapping[str, str], surroundings: Surroundings, record: Any
) -> str:
    try:
        found = compiled.strict(RecordEnv(surroundings, record, record))
    except Failed:
        return _("(can't be worked out: too large, too long, or no such day)")
    if posted.get("rules") == "1":
        return _("would be refused") if found else _("may be kept")
    raw = posted.get("decimals", "")
    decimals = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 3 else None
    definition = CustomField(
        entity=entity.label, kind=FORMULA, code="preview", decimals=decimals, settings={"result": posted.get("result")}
    )
    field = CustomValue(entity.model, "custom.preview", "", definition)
    return field.show(field.from_json(stored(field, found))) or "–"
