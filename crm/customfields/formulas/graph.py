"""Which values are worked out from which: read once under the version of the definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.customfields import definitions
from crm.customfields.formulas.paths import ModelNames, Path, leads, path_of
from crm.customfields.formulas.rollups import RollUp, read_rollup
from crm.customfields.values import ROOM, CustomValue, made_of
from crm.fields.field import Field
from crm.lib.expressions import Compiled, ExpressionError, compile_expression
from crm.records.models import Record

FORMULA, ROLLUP = "formula", "rollup"
DEEPEST = 10
BROKEN = (ExpressionError, ValidationError, FieldDoesNotExist, LookupError, ValueError, TypeError)
Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Computed:
    """One formula or roll-up. ``paths`` are the values it reads: of its own record, or of the rows that are rolled up.

    Two of the same name are the same: another thread may read the definitions anew meanwhile.
    """

    definition: Any
    model: type[models.Model]
    paths: tuple[Path, ...]
    compiled: Compiled | None = None
    rollup: RollUp | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Computed) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    @cached_property
    def key(self) -> Key:
        return self.model._meta.label_lower, self.name

    @property
    def code(self) -> str:
        return self.definition.code

    @property
    def name(self) -> str:
        return f"{ROOM}.{self.definition.code}"

    @property
    def base(self) -> type[models.Model]:
        """The model that the paths begin at."""
        return self.rollup.child if self.rollup else self.model

    @cached_property
    def field(self) -> CustomValue:
        """The value as it is shown and kept."""
        return CustomValue(self.model, self.name, "", self.definition)

    @cached_property
    def own_names(self) -> frozenset[str]:
        """The fields of the base model it reads first of all; a roll-up also looks at the link and at the trash."""
        names = {path.hops[0].name if path.hops else path.field.name for path in self.paths}
        return frozenset(names | self.rollup.watched if self.rollup else names)

    @cached_property
    def prefixes(self) -> list[tuple[Field, ...]]:
        return leads(self.paths)

    @cached_property
    def inputs(self) -> list[tuple[Key, tuple[Field, ...]]]:
        """((entity, field), links from the base to it) of everything it reads."""
        found = {}
        for path in self.paths:
            chain = (*path.hops, path.field)
            for number, hop in enumerate(chain):
                found[hop.model._meta.label_lower, hop.name, tuple(h.name for h in chain[:number])] = (
                    (hop.model._meta.label_lower, hop.name),
                    chain[:number],
                )
        return list(found.values())

    @cached_property
    def by_itself(self) -> bool:
        """Whether its value changes without a write of a record: by the clock, or by lists that admins keep."""
        if self.compiled is not None and self.compiled.by_the_clock:
            return True
        if self.rollup is not None and self.rollup.by_the_clock:
            return True
        return self.late or any(
            links and not issubclass(links[-1].source.related_model, Record) for _k, links in self.inputs
        )

    @cached_property
    def late(self) -> bool:
        """Whether it reads columns that other rooms work out after a write."""
        return any(name in getattr(apps.get_model(label), "derived", ()) for (label, name), _links in self.inputs)


@dataclass
class Plan:
    """What is worked out for records of one entity: formulas in an order in which each finds its parts ready."""

    formulas: list[Computed] = field(default_factory=list)
    rollups: list[Computed] = field(default_factory=list)

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(c.code for c in (*self.formulas, *self.rollups))

    def following(self, names: Iterable[str]) -> list[Computed]:
        """The formulas that read the named fields of their own record, directly or through each other."""
        known = set(names)
        found = []
        for formula in self.formulas:
            if formula.own_names & known:
                found.append(formula)
                known.add(formula.name)
        return found


NOTHING = Plan()


@dataclass
class Graph:
    """Every computed field, what sets each off, and why some can't be worked out."""

    plans: dict[str, Plan] = field(default_factory=dict)
    every: dict[Key, Computed] = field(default_factory=dict)
    broken: dict[Key, str] = field(default_factory=dict)
    # (entity, field) → computed fields of other records that read it, with the links from their base to that entity.
    triggers: dict[Key, list[tuple[Computed, tuple[Field, ...]]]] = field(default_factory=lambda: defaultdict(list))
    watched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rolled: dict[str, list[Computed]] = field(default_factory=lambda: defaultdict(list))

    def plan(self, label: str) -> Plan:
        return self.plans.get(label, NOTHING)

    def add(self, computed: Computed) -> None:
        self.every[computed.key] = computed
        for key, links in computed.inputs:
            if links or computed.rollup:
                self._trigger(key, computed, links)
        if computed.rollup:
            label = computed.base._meta.label_lower
            self.rolled[label].append(computed)
            for name in computed.rollup.watched:
                self._trigger((label, name), computed, ())

    def _trigger(self, key: Key, computed: Computed, links: tuple[Field, ...]) -> None:
        if (computed, links) not in self.triggers[key]:
            self.triggers[key].append((computed, links))
            self.watched[key[0]].add(key[1])

    def order(self) -> None:
        """Put formulas behind what they read; what would go round in circles is broken."""
        state: dict[Key, bool] = {}

        def visit(computed: Computed) -> bool:
            if computed.key in state:
                return state[computed.key]
            state[computed.key] = False  # on the way: meeting it again is a circle
            whole = all(visit(part) for part in self.parts(computed))
            state[computed.key] = whole
            if not whole:
                self.broken[computed.key] = _("It is made of values that are made of it.")
                return False
            plan = self.plans.setdefault(computed.key[0], Plan())
            (plan.rollups if computed.rollup else plan.formulas).append(computed)
            return True

        for computed in list(self.every.values()):
            visit(computed)

    def parts(self, computed: Computed) -> list[Computed]:
        """The computed fields that it reads."""
        return [self.every[key] for key, _links in computed.inputs if key in self.every]

    def depth(self, computed: Computed, seen: tuple[Key, ...] = ()) -> int:
        """How many computed fields stand on each other, itself the last; ValidationError where they go round in circles."""
        if computed.key in seen:
            round_ = [*seen[seen.index(computed.key) :], computed.key]
            said = _("This goes round in circles: %(way)s.")
            raise ValidationError(said % {"way": " ← ".join(self.label(key) for key in round_)})
        return 1 + max((self.depth(part, (*seen, computed.key)) for part in self.parts(computed)), default=0)

    def label(self, key: Key) -> str:
        return self.every[key].definition.label if key in self.every else key[1]


def graph() -> Graph:
    """The computed fields as they are defined now."""
    known = definitions.current()
    found = known.made.get("graph")
    if found is None:
        found = known.made["graph"] = _build(known)
    return found


def _build(known: definitions.Definitions) -> Graph:
    found = Graph()
    for definition in _definitions(known):
        try:
            found.add(understand(definition))
        except BROKEN as error:
            found.broken[definition.entity, f"{ROOM}.{definition.code}"] = str(getattr(error, "message", error))
    found.order()
    return found


def _definitions(known: definitions.Definitions) -> Iterator[Any]:
    for fields in known.by_entity.values():
        for definition in fields.values():
            if definition.kind in {FORMULA, ROLLUP} and definition.active:
                yield definition


def understand(definition: Any) -> Computed:
    """A definition as it is worked out; one of BROKEN says why it can't be."""
    model = apps.get_model(definition.entity)
    said = definition.settings or {}
    if definition.kind == FORMULA:
        compiled = compile_expression(str(said.get("expression") or ""), ModelNames(model))
        return Computed(definition, model, tuple(symbol.key for symbol in compiled.symbols), compiled)
    rollup = read_rollup(model, said)
    paths = [path for path in (rollup.value,) if path is not None]
    paths += [path_of(rollup.child, test.field.name) for test in rollup.where.tests()]
    return Computed(definition, model, tuple(paths), rollup=rollup)


def steps_of(label: str, code: str, seen: frozenset[Key] = frozenset()) -> list[tuple[str, str]]:
    """(entity, field) of everything that a computed field is made of, through other computed fields.

    It comes from what was noted when it was defined: also of a formula that can't be worked out any more.
    """
    known = definitions.current()
    definition = known.of(label).get(code)
    if definition is None or definition.kind not in {FORMULA, ROLLUP} or (label, code) in seen:
        return []
    key = "formula steps", label, code
    if not seen and key in known.made:
        return known.made[key]
    found: dict[tuple[str, str], None] = {}
    for entity, name in definition.settings.get("steps", ()):
        found[entity, name] = None
        if name.startswith(f"{ROOM}."):
            deeper = steps_of(entity, name.removeprefix(f"{ROOM}."), seen | {(label, code)})
            found |= dict.fromkeys(deeper)
    if not seen:
        known.made[key] = list(found)
    return list(found)


made_of.append(steps_of)
