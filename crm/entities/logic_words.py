"""Dynamic rules in words, and tried out on a record: what an administrator reads."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.access.policy import field_mode
from crm.customfields import layouts
from crm.customfields.logic import BROKEN, SECTION, Logic, Rule, judge, key_of, logic_of, read_rule
from crm.customfields.logic_guard import reader_for
from crm.customfields.models import Cascade, Effect, LogicRule, Surface
from crm.entities.arranged import default_parts, title_of
from crm.entities.bound import bind
from crm.entities.chips import describe
from crm.entities.entity import Entity, registry
from crm.fields.field import Field

MOST = 60
CHOSEN = frozenset({"choice", "multichoice", "record"})


def label_of(entity: Entity, name: str) -> str:
    """What a target is called: a field, a section, or the record as a whole."""
    if not name:
        return _("The record")
    if name.startswith(SECTION):
        key = name.removeprefix(SECTION)
        title = dict(section_choices(entity)).get(key, key)
        return _("Section “%(name)s”") % {"name": title}
    try:
        return entity.field(name).label
    except FieldDoesNotExist:
        return name


def section_choices(entity: Entity) -> list[tuple[str, str]]:
    """(key, title) of the sections of the form: as arranged for everybody, else as declared."""
    parts = layouts.arranged(entity.label, Surface.FORM) or default_parts(entity, Surface.FORM)
    return [(part.key, title_of(part) or part.key) for part in parts]


def options_of(field: Field) -> list[tuple[str, str]]:
    """(value, name) of what a choice, or a link to a short list, offers."""
    if field.kind in {"choice", "multichoice"}:
        return [(key_of(value), str(label)) for value, label in field.choices]
    if field.kind == "boolean":
        return [("true", _("Yes")), ("false", _("No"))]
    target = field.source.related_model if field.source.is_relation else None
    if target is None or target._meta.label_lower in registry or field.kind == "user":
        return []
    rows = list(target._default_manager.all()[: MOST + 1])
    return [(str(row.pk), str(row)) for row in rows] if len(rows) <= MOST else []


def in_words(rule: LogicRule, user: Any) -> str:
    """“When Stage is one of Contract: Amount is required”; what can't be understood any more says why."""
    entity = registry.get(rule.entity)
    if entity is None:
        return rule.entity
    try:
        read = read_rule(entity.model, rule)
        where = describe(user, read.where).removeprefix("(").removesuffix(")")
    except (*BROKEN, RecursionError) as error:
        text = (
            "; ".join(error.messages)
            if isinstance(error, ValidationError)
            else _("It names what is not there any more.")
        )
        return _("%(target)s: does nothing. %(why)s") % {"target": label_of(entity, rule.target), "why": text}
    told = {"condition": where, "target": label_of(entity, rule.target), "effect": _effect(entity, rule)}
    if not read.where.nodes:
        return _("Always: %(target)s %(effect)s") % told
    return _("When %(condition)s: %(target)s %(effect)s") % told


def _effect(entity: Entity, rule: LogicRule) -> str:
    said = str(Effect(rule.effect).label)
    if rule.effect in {Effect.OPTIONS, Effect.OFFERED}:
        names = dict(options_of(entity.field(rule.target)))
        listed = pgettext("between values", ", ").join(str(names.get(key_of(o), o)) for o in rule.options)
        return f"{said}: {listed}"
    if rule.effect == Effect.DEFAULT:
        return f"{said}: {rule.value}"
    return f"{said}: {rule.message}" if rule.effect == Effect.INVALID and rule.message else said


def cascade_words(cascade: Cascade) -> str:
    """“City hangs on Province”."""
    entity = registry.get(cascade.entity)
    if entity is None:
        return str(cascade)
    names = {"field": label_of(entity, cascade.field), "by": label_of(entity, cascade.by)}
    return _("What %(field)s offers hangs on %(by)s") % names


def why_broken(kind: str, stored: Any) -> str:
    """Why a rule in use does nothing; empty where it works."""
    entity = registry.get(stored.entity)
    if entity is None:
        return _("There is no such entity any more.")
    return logic_of(entity.model).broken.get((kind, stored.pk), "")


def try_out(stored: LogicRule, record: models.Model, user: Any) -> dict[str, Any]:
    """What the rule says of a record: each comparison with what the record holds, the outcome, and what follows from it."""
    model = type(record)
    try:
        rule = read_rule(model, stored)
    except (*BROKEN, RecursionError):
        return {"record": record, "broken": True}
    reader = reader_for(user)
    lines = []
    for test in rule.where.tests():
        known = field_mode(user, test.field.steps) is None
        value = test.field.text(record) if known else "•••"
        lines.append({"said": describe(user, test), "value": value, "holds": test.holds(record, reader)})
    holds = rule.where.holds(record, reader)
    return {"record": record, "lines": lines, "holds": holds, "follows": _follows(rule, record, reader, holds)}


def _follows(rule: Rule, record: models.Model, reader: Any, holds: bool) -> str:
    entity = registry[type(record)._meta.label_lower]
    said = judge(Logic(type(record), [rule]), record, record, reader)
    label = label_of(entity, rule.stored.target)
    if rule.effect == Effect.VISIBLE:
        return (
            _("%(target)s is hidden") % {"target": label}
            if said.hidden
            else _("%(target)s is shown") % {"target": label}
        )
    if rule.effect == Effect.OFFERED and not holds:
        return _("%(target)s does not offer these options") % {"target": label}
    if not holds:
        return _("Nothing happens.")
    return f"{label} {_effect(entity, rule.stored)}"


def target_choices(entity: Entity) -> list[Any]:
    """What a rule may be about, grouped for a select."""
    fields = [(name, entity.field(name).label) for name in entity.form_names]
    sections = [(SECTION + key, title) for key, title in section_choices(entity)]
    return [("", _("The record as a whole")), (_("Fields"), fields), (_("Sections"), sections)]


def option_choices(entity: Entity) -> list[Any]:
    """The options of every choice, grouped by field: “custom.grade|a”."""
    found = []
    for name in entity.form_names:
        field = entity.field(name)
        if field.kind in CHOSEN and (options := options_of(field)):
            found.append((field.label, [(f"{name}|{value}", label) for value, label in options]))
    return found


def bound_to(stored: Any, user: Any) -> Any:
    """The rule's entity as the administrator sees it; None where there is none any more."""
    entity = registry.get(stored.entity)
    return bind(entity, user) if entity else None
