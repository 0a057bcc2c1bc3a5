"""Why a record has its score, on its page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel
from marketing.scoring.services import TABLES, hot_from, reasons_of, rules_of


def reasons(record: Any, user: Any) -> dict | None:
    """The points of each rule; those about fields that the reader may not know only as a sum."""
    bound = bind(registry[record.entity_label()], user)
    fit = getattr(record, "fit", None)
    if fit is None or not rules_of(record.entity_label()) or not bound.readable(["fit.score"]):
        return None
    told, rest = [], 0.0
    for rule, points in reasons_of(record):
        try:
            bound.condition(rule.condition or {"all": []})
            told.append({"name": rule.name, "points": f"{points:+g}", "minus": points < 0})
        except ValidationError:
            rest += points
    return {"fit": fit, "told": told, "rest": f"{rest:+g}" if rest else "", "hot": hot_from(record.entity_label())}


for label in TABLES:
    panel(label, slot="side", template="scoring/reasons.html", order=-20)(reasons)
