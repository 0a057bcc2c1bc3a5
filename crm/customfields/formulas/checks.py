"""Validation rules at every door: asked before anything is written, upon the record as it is going to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.customfields import definitions
from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas.graph import BROKEN
from crm.customfields.formulas.kinds import in_place
from crm.customfields.formulas.paths import ModelNames, Path, path_of
from crm.customfields.formulas.working import RecordEnv, Surroundings
from crm.fields.conditions import Group, Reader, parse
from crm.fields.field import AnyField, resolve
from crm.lib.expressions import Compiled, ExpressionError, Type, compile_expression
from crm.lib.expressions.errors import Failed
from crm.records.hooks import WriteBatch, before_write

TRUTH = frozenset({Type.BOOLEAN})


@dataclass(frozen=True)
class Check:
    """A rule as it is asked: what it says, and which fields of the record it looks at."""

    rule: ValidationRule
    compiled: Compiled | None
    where: Group
    paths: tuple[Path, ...]

    @property
    def own_names(self) -> frozenset[str]:
        return frozenset(path.hops[0].name if path.hops else path.field.name for path in self.paths)

    def concerns(self, before: Any, changed: Callable[[str], bool]) -> bool:
        """Whether it is asked about this write at all."""
        if before is None:
            return self.rule.on_create
        return self.rule.on_change and (self.rule.always or any(changed(name) for name in self.own_names))

    def broken_by(self, env: RecordEnv, reader: Reader) -> bool:
        """Whether the record is to be refused. What can't be worked out refuses nobody."""
        if self.compiled is not None:
            try:
                if not self.compiled.strict(env):
                    return False
            except Failed:
                return False
        return self.where.holds(env.record, reader) if self.where.nodes else self.compiled is not None


@dataclass
class Checks:
    """The rules of an entity that are understood, and why the others are not."""

    checks: list[Check] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)


def checks_of(model: type[models.Model]) -> Checks:
    """The rules in use of a model's records, read once under the version of the definitions."""
    known = definitions.current()
    if known.version <= definitions.NEVER:
        return Checks()
    every = known.made.get("checks")
    if every is None:
        every = known.made["checks"] = defaultdict(Checks)
        for rule in ValidationRule.objects.filter(active=True):
            try:
                every[rule.entity].checks.append(understand(rule))
            except BROKEN as error:
                every[rule.entity].broken[rule.pk] = str(getattr(error, "message", error))
    return every.get(model._meta.label_lower) or Checks()


def understand(rule: ValidationRule) -> Check:
    """A rule as it is asked; one of BROKEN says why it can't be."""
    model = apps.get_model(rule.entity)
    compiled = (
        compile_expression(rule.expression, ModelNames(model), wants=TRUTH, rules=True) if rule.expression else None
    )
    where = parse(rule.where, AnyField(model)) if rule.where else Group(())
    paths = [symbol.key for symbol in compiled.symbols] if compiled else []
    paths += [path_of(model, test.field.name) for test in where.tests()]
    return Check(rule, compiled, where, tuple(paths))


def judge_rule(rule: ValidationRule) -> None:
    """Check a rule and keep its expression with names that never change; ValidationError names what does not fit."""
    try:
        model = apps.get_model(rule.entity)
    except (LookupError, ValueError) as error:
        raise ValidationError({"entity": _("There is no such entity.")}) from error
    if not rule.expression.strip() and not rule.where:
        raise ValidationError({"expression": _("Write an expression, or set conditions.")})
    if rule.expression.strip():
        try:
            compiled = compile_expression(rule.expression, ModelNames(model), wants=TRUTH, rules=True)
        except ExpressionError as error:
            raise ValidationError({"expression": in_place(error, rule.expression)}) from error
        rule.expression = compiled.canonical
    if rule.field:
        try:
            resolve(model, rule.field)
        except (FieldDoesNotExist, LookupError) as error:
            raise ValidationError({"field": _("There is no such field.")}) from error
    try:
        understand(rule)
    except BROKEN as error:
        raise ValidationError({"where": str(getattr(error, "message", error))}) from error
    if not (rule.on_create or rule.on_change):
        raise ValidationError({"on_create": _("Choose when the rule is asked.")})


@before_write
def keep(batch: WriteBatch) -> None:
    """Refuse records that break a rule; all that stands against the first such record is said at once."""
    checks = checks_of(batch.model).checks
    if not checks:
        return
    asked = [(b, a, _asked(checks, b, a)) for b, a in _living(batch)]
    asked = [(before, after, found) for before, after, found in asked if found]
    if not asked:
        return
    surroundings = surroundings_for(checks, [a for _b, a, _f in asked])
    reader = reader_of(batch.actor.user)
    for before, after, found in asked:
        env = RecordEnv(surroundings, after, before, is_new=before is None)
        problems: dict[str, list[str]] = defaultdict(list)
        for check in found:
            if check.broken_by(env, reader):
                problems[check.rule.field or NON_FIELD_ERRORS].append(check.rule.message)
        if problems:
            raise ValidationError(dict(problems))


def reader_of(user: Any) -> Reader:
    """For whom conditions are read; nobody's where the program itself writes."""
    return Reader(user.pk, policy.access_of(user).team_ids, timezone.now()) if user else Reader(0, (), timezone.now())


def surroundings_for(checks: Iterable[Check], records: Sequence[Any]) -> Surroundings:
    """The linked records that the rules look at, a query a link."""
    checks = list(checks)
    found = Surroundings({path.name: path for check in checks for path in check.paths}.values())
    found.load(records)
    relations = {test.field.relation for check in checks for test in check.where.tests() if "__" in test.field.name} - {
        ""
    }
    if relations and records:
        prefetch_related_objects(list(records), *sorted(relations))
    return found


def _living(batch: WriteBatch) -> Iterable[tuple[Any, Any]]:
    """The records that are written, not those that go to the trash or come from there."""
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.deleted_at is None and (before is None or before.deleted_at is None):
            yield before, after


def _asked(checks: Sequence[Check], before: Any, after: Any) -> list[Check]:
    kept: dict[str, bool] = {}

    def changed(name: str) -> bool:
        if name not in kept:
            found = resolve(type(after), name)
            kept[name] = found.raw(before) != found.raw(after)
        return kept[name]

    return [check for check in checks if check.concerns(before, changed)]


def try_out(rule: ValidationRule, record: Any, user: Any) -> bool:
    """Whether the rule would refuse the record as it is stored, as if it were being changed."""
    check = understand(rule)
    env = RecordEnv(surroundings_for([check], [record]), record, record)
    return check.broken_by(env, reader_of(user))
