"""Dynamic rules read once under the version of the definitions: what they mean for one record, at every door the same.

A rule that can't be understood any more does nothing and says why where rules are kept; stored JSON never breaks a page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.customfields import definitions, layouts
from crm.customfields.models import Cascade, Effect, LogicRule
from crm.customfields.sources import SEPARATORS
from crm.fields.conditions import Group, Reader, Test, parse
from crm.fields.field import AnyField, Field, resolve
from crm.fields.trees import UNDER, below

SECTION = "section:"
PASSES = 4
BROKEN = (ValidationError, FieldDoesNotExist, TypeError, ValueError, LookupError, ArithmeticError, AttributeError)
# (entity label, key of a section) → its fields, where no layout says them. Filled by the room that knows declarations.
section_finders: list[Callable[[str, str], tuple[str, ...]]] = []


@dataclass(frozen=True)
class Rule:
    """A rule as it is applied: the fields it concerns, the condition as it was understood, what it looks at."""

    stored: LogicRule
    names: tuple[str, ...]
    where: Group
    watched: frozenset[str]
    options: frozenset[str] = frozenset()
    value: Any = None

    @property
    def effect(self) -> str:
        return self.stored.effect


@dataclass(frozen=True)
class Narrowing:
    """A choice that offers what the value of another field allows, or a link narrowed ``through`` a field of its target."""

    stored: Cascade
    field: Field
    by: Field
    matrix: Mapping[str, frozenset[str]]
    through: Field | None = None


@dataclass
class Verdict:
    """What the rules say of a record as it stands."""

    hidden: set[str] = field(default_factory=set)
    cleared: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    readonly: set[str] = field(default_factory=set)
    only: dict[str, set[str]] = field(default_factory=dict)
    barred: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    invalid: list[Rule] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)

    def offers(self, name: str, value: Any) -> bool:
        """Whether the field may hold the value (each of several)."""
        if isinstance(value, list | tuple):
            return all(self.offers(name, one) for one in value)
        text = key_of(value)
        return text not in self.barred.get(name, ()) and (name not in self.only or text in self.only[name])


@dataclass
class Logic:
    """All rules of an entity that are understood, and why the others are not."""

    model: type[models.Model]
    rules: list[Rule] = field(default_factory=list)
    narrowings: list[Narrowing] = field(default_factory=list)
    broken: dict[tuple[str, int], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rules or self.narrowings)

    def field(self, name: str) -> Field:
        return resolve(self.model, name)

    @property
    def relations(self) -> set[str]:
        """The links that conditions walk through."""
        return {
            test.field.relation for rule in self.rules for test in rule.where.tests() if "__" in test.field.name
        } - {""}

    def changed(self, before: models.Model, after: models.Model) -> set[str]:
        """The fields that rules look at or concern whose values differ."""
        watched = {name for rule in self.rules for name in rule.watched}
        watched |= {f.name for n in self.narrowings for f in (n.field, n.by)}
        return {name for name in watched if (f := self.field(name)).raw(before) != f.raw(after)}


def key_of(value: Any) -> str:
    """A value as the texts that options and matrices are kept in."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "pk", value))


def blank(found: Field, record: models.Model) -> bool:
    """Whether the record holds nothing there that a required field would ask for."""
    return not found.filled(record) or (found.kind == "boolean" and not found.raw(record))


def always_required(found: Field) -> bool:
    """Whether every record must have it, whatever rules say: such a field can't be hidden."""
    return not found.source.blank and not (found.built_in and found.kind == "boolean")


def logic_of(model: type[models.Model]) -> Logic:
    """The rules of the model's records; no query once the definitions are known."""
    known = definitions.current()
    label = model._meta.label_lower
    key = "logic", label
    if key not in known.made:
        known.made[key] = _compile(
            model, [r for r in known.rules if r.entity == label], [c for c in known.cascades if c.entity == label]
        )
    return known.made[key]


def _compile(model: type[models.Model], rules: Iterable[LogicRule], cascades: Iterable[Cascade]) -> Logic:
    made = Logic(model)
    for stored in rules:
        try:
            made.rules.append(read_rule(model, stored))
        except (*BROKEN, RecursionError) as error:
            made.broken["rule", stored.pk] = _why(error)
    for cascade in cascades:
        try:
            made.narrowings.append(read_cascade(model, cascade))
        except (*BROKEN, RecursionError) as error:
            made.broken["cascade", cascade.pk] = _why(error)
    return made


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(error.messages)
    return _("It names something that does not exist any more.")


def read_rule(model: type[models.Model], stored: LogicRule) -> Rule:
    """The rule as it is applied. Raises one of ``BROKEN`` where it can't be understood."""
    where = parse({"all": []} if stored.where == {} else stored.where, AnyField(model))
    for test in where.tests():
        _must_be_column(test.field)
    names = names_of(model, stored.target)
    if stored.effect == Effect.VISIBLE:
        names = tuple(name for name in names if not always_required(resolve(model, name)))
    watched = frozenset({*names, *(_own(test.field.name) for test in where.tests())})
    options = frozenset(key_of(o) for o in stored.options) if isinstance(stored.options, list) else frozenset()
    value = read_value(resolve(model, names[0]), stored.value) if stored.effect == Effect.DEFAULT else None
    return Rule(stored, names, where, watched, options, value)


def names_of(model: type[models.Model], target: str) -> tuple[str, ...]:
    """The fields that a target means; none for the record as a whole."""
    label = model._meta.label_lower
    if target.startswith(SECTION):
        key = target.removeprefix(SECTION)
        listed = layouts.section_names(label, key) or next(filter(None, (f(label, key) for f in section_finders)), ())
        if not listed:
            raise ValidationError(_("There is no such section any more."))
        return tuple(name for name in listed if "__" not in name and _known(model, name))
    if not target:
        return ()
    _must_be_column(resolve(model, target))
    return (target,)


def _known(model: type[models.Model], name: str) -> bool:
    try:
        _must_be_column(resolve(model, name))
    except (*BROKEN, AssertionError):
        return False
    return True


def _must_be_column(found: Field) -> None:
    for hop in found.path:
        if not isinstance(hop, models.Field) or hop.many_to_many:
            raise ValidationError(_("“%(name)s” is no field of a record.") % {"name": found.name[:100]})


def _own(name: str) -> str:
    """The field of the record itself that a name begins with: “account” of “account__region”."""
    return name.split("__", 1)[0]


def read_value(found: Field, text: str) -> Any:
    """What a default says, as a value of the field."""
    if found.kind == "multichoice":
        return found.source.to_python([part for part in SEPARATORS.split(text) if part])
    value = found.clean(text)
    if found.kind == "choice" and value not in dict(found.source.flatchoices):
        raise ValidationError(_("The default is none of the options."))
    return value


def read_cascade(model: type[models.Model], stored: Cascade) -> Narrowing:
    """The dependence as it is applied. Raises one of ``BROKEN`` where it can't be understood."""
    child, parent = resolve(model, stored.field), resolve(model, stored.by)
    _must_be_column(child)
    _must_be_column(parent)
    through = None
    if stored.through:
        through = resolve(child.source.related_model, stored.through)
        _must_be_column(through)
    raw = stored.matrix if isinstance(stored.matrix, dict) else {}
    matrix = {key: frozenset(map(key_of, row)) for key, row in raw.items() if isinstance(row, list)}
    return Narrowing(stored, child, parent, matrix, through)


# Judging


def judge(
    logic: Logic, record: models.Model, before: models.Model | None, reader: Reader, kept: dict | None = None
) -> Verdict:
    """What the rules say of ``record``; ``before`` is it as stored, None where it is new.

    A rule that keeps a field from being changed asks for that field's own value as it is stored. ``kept`` remembers which
    nodes of a tree lie below which, over many records.
    """
    found = Verdict()
    shown: dict[str, list[bool]] = defaultdict(list)
    offered: dict[tuple[str, str], bool] = {}
    kept = {} if kept is None else kept
    for number, rule in enumerate(logic.rules):
        if number not in kept:
            kept[number] = flat(rule.where)
        holds = kept[number].holds(_seen_by(rule, logic, record, before), reader)
        if rule.effect == Effect.VISIBLE:
            shown[rule.stored.target].append(holds)
        elif rule.effect == Effect.OFFERED:
            for one in ((name, option) for name in rule.names for option in rule.options):
                offered[one] = offered.get(one, False) or holds
        elif holds:
            _apply(rule, found, new=before is None)
    for rule in (r for r in logic.rules if r.effect == Effect.VISIBLE and not any(shown[r.stored.target])):
        found.hidden |= set(rule.names)
        found.cleared |= set(rule.names) if rule.stored.clear else set()
    for (name, option), allowed in offered.items():
        if not allowed:
            found.barred[name].add(option)
    for narrowing in logic.narrowings:
        row = narrowing.matrix.get(key_of(narrowing.by.raw(record))) if narrowing.through is None else None
        if row is not None:
            _narrow(found, narrowing.field.name, row)
    found.required -= found.hidden
    return found


def _seen_by(rule: Rule, logic: Logic, record: models.Model, before: models.Model | None) -> models.Model:
    if rule.effect != Effect.READONLY or before is None or len(rule.names) != 1:
        return record
    name = rule.names[0]
    if name not in {_own(test.field.name) for test in rule.where.tests()}:
        return record
    mixed = copy(record)
    take_back(logic.field(name), mixed, before)
    return mixed


def _apply(rule: Rule, found: Verdict, *, new: bool) -> None:
    match rule.effect:
        case Effect.REQUIRED:
            found.required |= set(rule.names)
        case Effect.READONLY if not new:
            found.readonly |= set(rule.names)
        case Effect.OPTIONS:
            for name in rule.names:
                _narrow(found, name, rule.options)
        case Effect.INVALID:
            found.invalid.append(rule)
        case Effect.DEFAULT if new:
            for name in rule.names:
                found.defaults.setdefault(name, rule.value)


def _narrow(found: Verdict, name: str, allowed: Iterable[str]) -> None:
    found.only[name] = found.only[name] & set(allowed) if name in found.only else set(allowed)


def flat(group: Group) -> Group:
    """The condition with “lies below” as “is one of”: trees are asked once, not once a record."""
    return Group(tuple(flat(n) if isinstance(n, Group) else _flat_test(n) for n in group.nodes), any=group.any)


def _flat_test(test: Test) -> Test:
    if test.op not in UNDER:
        return test
    ids = tuple(pk for (pk,) in below(test.field.source, test.values).values_list("pk"))
    return Test(test.field, "in" if test.op == "under" else "not_in", ids)


def take_back(found: Field, record: models.Model, before: models.Model) -> None:
    """Give ``record`` the value that ``before`` holds."""
    set_raw(found, record, found.raw(before))


def set_raw(found: Field, record: models.Model, value: Any) -> None:
    """Set a stored value (of a link its id); None empties, also where a column knows no null."""
    if not found.built_in:
        found.put(record, value)
        return
    source = found.source
    empty = None if source.null else source.get_default() if source.has_default() else ""
    setattr(record, source.attname, empty if value is None else value)


def settle(logic: Logic, record: models.Model, before: models.Model | None, reader: Reader) -> bool:
    """Put in what the rules put in themselves: defaults of a new record, emptiness of what is hidden and emptied.

    Tells whether that changed anything.
    """
    kept: dict = {}
    ever = False
    for _pass in range(PASSES):
        said, moved = judge(logic, record, before, reader, kept), False
        for name in said.cleared:
            if not blank(logic.field(name), record):
                set_raw(logic.field(name), record, None)
                moved = True
        for name, value in said.defaults.items():
            found = logic.field(name)
            if name not in said.hidden and not found.filled(record) and value is not None:
                set_raw(found, record, value)
                moved = True
        ever = ever or moved
        if not moved:
            break
    return ever
