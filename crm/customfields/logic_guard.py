"""Dynamic rules at every door: what a write may not do is refused, what rules put in themselves is put in before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.customfields.logic import Logic, Narrowing, Rule, Verdict, blank, judge, logic_of, settle
from crm.customfields.models import Effect
from crm.fields.conditions import Reader
from crm.fields.field import Field
from crm.records.hooks import WriteBatch, before_diff, before_write

Problems = dict[str, list[ValidationError]]
# Where what stands against a write can be put right: (before, after) → its address, or nothing. Filled by rooms above.
ways_out: list[Callable[[Any, Any], str]] = []


class RuleRefused(ValidationError):
    """What rules forbid, by field; ``url`` is where it can be put right, if anywhere."""

    def __init__(self, found: Problems, url: str = "") -> None:
        super().__init__(found)
        self.url = url


def reader_for(user: Any) -> Reader:
    """For whom and when conditions of rules are read; nobody’s where the program itself writes."""
    if user is None:
        return Reader(0, (), timezone.now())
    return Reader(user.pk, policy.access_of(user).team_ids, timezone.now())


def begin(record: models.Model, user: Any) -> None:
    """Give a record that is being made the defaults whose conditions hold."""
    logic = logic_of(type(record))
    if any(rule.effect == Effect.DEFAULT for rule in logic.rules):
        settle(logic, record, None, reader_for(user))


@before_diff
def put_in(batch: WriteBatch) -> bool:
    """Defaults of new records, emptiness of what is hidden and emptied; whether there was any."""
    logic = logic_of(batch.model)
    effects = {rule.effect for rule in logic.rules}
    emptied = any(rule.stored.clear for rule in logic.rules if rule.effect == Effect.VISIBLE)
    if batch.undoing or not (Effect.DEFAULT in effects or emptied):
        return False
    reader = reader_for(batch.actor.user)
    _load(logic, batch.after)
    moved = [
        settle(logic, after, before, reader)
        for before, after in _living(batch)
        if before is None or logic.changed(before, after)
    ]
    return any(moved)


@before_write
def keep_rules(batch: WriteBatch) -> None:
    """Refuse what the rules forbid; only records that are new, or in which a field involved changed, are judged."""
    logic = logic_of(batch.model)
    if batch.undoing or not logic:
        return
    pairs = [(b, a, None if b is None else logic.changed(b, a)) for b, a in _living(batch)]
    pairs = [(before, after, changed) for before, after, changed in pairs if changed is None or changed]
    if not pairs:
        return
    reader, user = reader_for(batch.actor.user), batch.actor.user
    _load(logic, [after for _before, after, _changed in pairs])
    kept: dict = {}
    strangers = strange(logic, [(after, changed) for _before, after, changed in pairs])
    for before, after, changed in pairs:
        said = judge(logic, after, before, reader, kept)
        found = problems(logic, said, after, changed, writable=lambda f: may_fill(user, f))
        for name in strangers.get(id(after), ()):
            found.setdefault(name, []).append(not_offered(logic, name))
        if found:
            urls = (way(before, after) for way in ways_out if before is not None)
            raise RuleRefused(found, next(filter(None, urls), ""))


def refused(record: models.Model, stored: models.Model, user: Any) -> Problems:
    """What would stand against the record if it were written as it is now; ``stored``: as it stands in the database."""
    logic = logic_of(type(record))
    changed = logic.changed(stored, record) if logic else set()
    if not changed:
        return {}
    said = judge(logic, record, stored, reader_for(user), {})
    return problems(logic, said, record, changed, writable=lambda f: may_fill(user, f))


def _living(batch: WriteBatch) -> Iterable[tuple[Any, Any]]:
    """The records that are written, not those that go to the trash or come from there."""
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.deleted_at is None and (before is None or before.deleted_at is None):
            yield before, after


def _load(logic: Logic, records: Sequence[Any]) -> None:
    """The linked records that conditions look at, a query a link for all."""
    relations = logic.relations
    if relations and records:
        prefetch_related_objects(list(records), *sorted(relations))


def may_fill(user: Any, field: Field) -> bool:
    """Whether the person could fill the field at all: nobody is asked for what is kept from them."""
    return user is None or policy.field_mode(user, field.steps) is None


def problems(
    logic: Logic,
    said: Verdict,
    record: models.Model,
    changed: set[str] | None,
    *,
    writable: Callable[[Field], bool] = lambda field: True,
) -> Problems:
    """What stands against the record as it is, by field; ``changed`` are the fields that differ (None: it is new)."""
    found: Problems = defaultdict(list)
    for name in sorted(said.readonly & (changed or set())):
        found[name].append(kept(logic, name))
    for name in sorted(said.required):
        field = logic.field(name)
        if blank(field, record) and _concerned(logic, name, Effect.REQUIRED, changed) and writable(field):
            text = _message(logic, name, Effect.REQUIRED) or _("“%(field)s” is required as things stand.")
            found[name].append(ValidationError(_said(text, field), code="required"))
    for name in sorted({*said.only, *said.barred} - said.hidden):
        value = logic.field(name).raw(record)
        concerned = _concerned(logic, name, (Effect.OPTIONS, Effect.OFFERED), changed)
        if value not in (None, "", []) and not said.offers(name, value) and concerned:
            found[name].append(not_offered(logic, name))
    for rule in said.invalid:
        if changed is None or rule.watched & changed:
            text = rule.stored.message or _("The record can't be kept like this.")
            found[next(iter(rule.names), "__all__")].append(ValidationError(text, code="invalid"))
    return dict(found)


def kept(logic: Logic, name: str) -> ValidationError:
    """The refusal of a change to a field that rules keep."""
    text = _message(logic, name, Effect.READONLY) or _("“%(field)s” can't be changed as things stand.")
    return ValidationError(_said(text, logic.field(name)), code="readonly")


def not_offered(logic: Logic, name: str) -> ValidationError:
    """The refusal of an option that is not offered as things stand."""
    text = _("“%(field)s” does not offer this choice as things stand.")
    return ValidationError(_said(text, logic.field(name)), code="not_offered")


def _said(text: str, field: Field) -> str:
    """Texts name their field: some doors have no place beside it."""
    return text.replace("%(field)s", field.label)


def _concerned(logic: Logic, name: str, effects: str | tuple[str, ...], changed: set[str] | None) -> bool:
    """Whether something changed that the rules about the field look at."""
    if changed is None or name in changed:
        return True
    if any(rule.effect in effects and name in rule.names and rule.watched & changed for rule in logic.rules):
        return True
    return any(n.field.name == name and n.by.name in changed for n in logic.narrowings)


def _message(logic: Logic, name: str, effect: str) -> str:
    """What an admin wrote for it, if anything."""
    said: Iterable[Rule] = (r for r in logic.rules if r.effect == effect and name in r.names)
    return next(filter(None, (rule.stored.message for rule in said)), "")


def strange(logic: Logic, records: Sequence[tuple[Any, set[str] | None]]) -> dict[int, list[str]]:
    """By the id() of records: links that lead to what another field does not allow; one query a narrowed link."""
    found: dict[int, list[str]] = defaultdict(list)
    for narrowing in (n for n in logic.narrowings if n.through is not None):
        names = {narrowing.field.name, narrowing.by.name}
        asked = [r for r, changed in records if changed is None or names & changed]
        asked = [r for r in asked if narrowing.field.raw(r) is not None and narrowing.by.raw(r) is not None]
        held = _held(narrowing, {narrowing.field.raw(r) for r in asked}) if asked else {}
        for record in asked:
            if held.get(narrowing.field.raw(record)) != narrowing.by.raw(record):
                found[id(record)].append(narrowing.field.name)
    return found


def _held(narrowing: Narrowing, ids: set[int]) -> dict[int, Any]:
    """id of a linked record → the value that must equal the other field's."""
    through = narrowing.through
    assert through is not None
    rows = narrowing.field.source.related_model._base_manager.filter(pk__in=ids)
    return {pk: through.unpack(value) for pk, value in rows.values_list("pk", through.stored)}
