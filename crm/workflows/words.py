"""A rule in plain words, in the reader's language: when what happens, if which condition, then what is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.entities.condition_field import in_words
from crm.workflows.triggers import kinds_of, own_triggers

Said = dict[str, Any]


def summary(bound: BoundEntity, said: Any) -> Said:
    """``when``, ``condition`` (empty: none) and ``steps`` (lines with their branches) of a version."""
    return {
        "when": trigger_words(bound, said.trigger),
        "condition": condition_words(bound, said.condition),
        "steps": [step_words(bound, step) for step in said.steps],
    }


def condition_words(bound: BoundEntity, stored: Mapping[str, Any]) -> str:
    """The condition as a sentence, or why it can't be read."""
    try:
        return in_words(bound, stored)
    except ValidationError as error:
        return "; ".join(error.messages)


def trigger_words(bound: BoundEntity, trigger: Mapping[str, Any]) -> str:
    """What sets the rule off."""
    name = bound.name
    if own := own_triggers.get(trigger.get("on", "")):
        called = {str(value): option for value, option in own.options(bound)}
        values = " / ".join(called.get(value, "?") for value in trigger["to"])
        return str(own.words) % {"entity": name, "values": values}
    match trigger.get("on"):
        case "created":
            return _("%(entity)s: a new one is created") % {"entity": name}
        case "changed":
            return _changed(bound, trigger)
        case "stage":
            field = bound.entity.board.field if bound.entity.board else ""
            values = values_words(bound, field, trigger["to"])
            return _("%(entity)s: it enters %(values)s") % {"entity": name, "values": values}
        case "kind":
            names = dict(kinds_of(bound.label))
            told = "、".join(names.get(kind, kind) for kind in trigger["kinds"])
            return _("%(entity)s: somebody %(events)s") % {"entity": name, "events": told}
        case "date":
            return _("%(entity)s: %(moment)s") % {"entity": name, "moment": _moment(bound, trigger)}
        case "schedule":
            return _("%(often)s, for each of %(entities)s") % {"often": _often(trigger), "entities": bound.plural}
    return _("%(entity)s: somebody presses the button on the record") % {"entity": name}


def _changed(bound: BoundEntity, trigger: Mapping[str, Any]) -> str:
    told = {"entity": bound.name, "field": field_label(bound, trigger["field"])}
    if not trigger["field"]:
        return _("%(entity)s: anything is changed") % told
    told |= {name: values_words(bound, trigger["field"], trigger.get(name) or []) for name in ("from", "to")}
    if told["from"] and told["to"]:
        return _("%(entity)s: %(field)s changes from %(from)s to %(to)s") % told
    if told["to"]:
        return _("%(entity)s: %(field)s becomes %(to)s") % told
    if told["from"]:
        return _("%(entity)s: %(field)s is no longer %(from)s") % told
    return _("%(entity)s: %(field)s changes") % told


def field_label(bound: BoundEntity, name: str) -> str:
    """What a field is called; its name when there is none any more."""
    try:
        return bound.entity.field(name).label if name else ""
    except FieldDoesNotExist:
        return name


def values_words(bound: BoundEntity, name: str, values: Sequence[Any]) -> str:
    """Stored values of a field as people read them: “Offer / Negotiation”."""
    if not values or not name:
        return ""
    field = bound.entity.field(name)
    if getattr(field.source, "is_relation", False):
        target: type[Model] = field.source.related_model
        ids = [int(value) for value in values if str(value).isdecimal()]
        found = target._base_manager.in_bulk(ids)
        return " / ".join(str(found.get(pk, f"#{pk}")) for pk in ids)
    choices = {str(value): label for value, label in field.choices} if field.kind == "choice" else {}
    return " / ".join(choices.get(str(value), str(value)) for value in values)


def span(step: Mapping[str, Any]) -> str:
    """“2 days 3 hours”, without its sign."""
    days, hours, minutes = (abs(int(step.get(name) or 0)) for name in ("days", "hours", "minutes"))
    parts = []
    if days and step.get("working"):
        parts.append(ngettext("%(n)d working day", "%(n)d working days", days) % {"n": days})
    elif days:
        parts.append(ngettext("%(n)d day", "%(n)d days", days) % {"n": days})
    if hours:
        parts.append(ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours})
    if minutes:
        parts.append(ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes})
    return " ".join(parts)


def _moment(bound: BoundEntity, step: Mapping[str, Any]) -> str:
    told = {"field": field_label(bound, step["field"]), "span": span(step), "at": step.get("at") or ""}
    first = int(step.get("days") or 0) or int(step.get("hours") or 0) or int(step.get("minutes") or 0)
    if first < 0:
        text = _("%(span)s before %(field)s") % told
    elif first > 0:
        text = _("%(span)s after %(field)s") % told
    else:
        text = _("%(field)s is reached") % told
    return _("%(moment)s, at %(at)s") % {"moment": text, "at": told["at"]} if told["at"] else text


def weekdays() -> list[str]:
    """Monday first."""
    return [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]


def _often(trigger: Mapping[str, Any]) -> str:
    names = weekdays()
    told = {
        "at": trigger.get("at"),
        "day": trigger.get("day"),
        "days": "、".join(names[int(n)] for n in trigger.get("weekdays") or []),
    }
    match trigger["every"]:
        case "week":
            return _("every week on %(days)s at %(at)s") % told
        case "month":
            return _("every month on day %(day)s at %(at)s") % told
    return _("every day at %(at)s") % told


def step_words(bound: BoundEntity, step: Mapping[str, Any]) -> Said:
    """One step: its icon, its words, and its branches as (words, steps)."""
    match step["do"]:
        case "effect":
            return _effect_words(bound, step)
        case "if":
            condition = condition_words(bound, step["when"]) or _("always")
            branches = [(_("then"), step["then"]), (_("otherwise"), step["else"])]
            shown = [(word, [step_words(bound, one) for one in steps]) for word, steps in branches if steps]
            return {"icon": "arrows-split", "text": _("If %(condition)s") % {"condition": condition}, "branches": shown}
        case "wait":
            return {"icon": "clock", "text": _wait_words(bound, step)}
    return {"icon": "player-stop", "text": _("Stop")}


def _effect_words(bound: BoundEntity, step: Mapping[str, Any]) -> Said:
    try:
        icon = effects.effect_of(step["effect"], bound.entity).icon
        return {"icon": icon, "text": effects.describe(step["effect"], bound.entity, step["params"], bound.user)}
    except LookupError as error:
        return {"icon": "alert-triangle", "text": str(error.args[0])}


def _wait_words(bound: BoundEntity, step: Mapping[str, Any]) -> str:
    match step["for"]:
        case "time":
            return _("Wait %(span)s") % {"span": span(step)}
        case "date":
            return _("Wait until: %(moment)s") % {"moment": _moment(bound, step)}
    told = {"condition": condition_words(bound, step["when"]), "span": span(step)}
    if step["late"] == "stop":
        return _("Wait until %(condition)s, at most %(span)s, then stop") % told
    return _("Wait until %(condition)s, at most %(span)s") % told
