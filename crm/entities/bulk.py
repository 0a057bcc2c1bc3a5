"""One change to many records: those a person selected, or all that a list matches, as one change set that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.constraints import refusal
from crm.entities.entity import Action
from crm.entities.forms import EntityForm, entity_form
from crm.entities.listviews import list_query
from crm.fields.field import resolve
from crm.records import services
from crm.records.actor import Actor
from crm.records.errors import Conflict, Protected
from crm.records.models import ChangeSet, Record

BATCH = 1000
# The action that each operation needs on every record; "do-<verb>" is a verb of the entity.
NEEDS = {"edit": "change", "assign": "assign", "delete": "delete"}
VERB = "do-"


@dataclass
class Outcome:
    """What a mass change did: how many records it changed, left alone as not allowed, and was refused, with the reasons."""

    changed: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str, count: int = 1) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + count


class Selection:
    """The records that a person means: ids, or everything that a list's address matches."""

    def __init__(self, bound: BoundEntity, data: QueryDict | Mapping[str, Any]) -> None:
        self.bound = bound
        self.everything = bool(data.get("all"))
        self.query = str(data.get("query") or "")[:20_000]
        raw = data.getlist("selected") if isinstance(data, QueryDict) else data.get("selected", [])
        self.ids = sorted({int(pk) for pk in raw if str(pk).isascii() and str(pk).isdigit() and len(str(pk)) <= 18})

    def rows(self, action: str) -> QuerySet:
        """Those on which the user may perform ``action``."""
        if not self.everything:
            return self.bound.records(action).filter(pk__in=self.ids)
        query, _tabs, active = list_query(self.bound, QueryDict(self.query))
        return query.matching(action) if active else self.bound.records(action).none()

    def params(self) -> dict[str, Any]:
        """What a job needs to find the same records."""
        return {"all": self.everything, "query": self.query, "selected": self.ids}


def bulk_verbs(bound: BoundEntity) -> list[Action]:
    """The verbs that the user may perform on many records at once."""
    return [action for action in bound.entity.all_actions if action.bulk and bound.can(action.permission)]


def verb_of(bound: BoundEntity, op: str) -> Action | None:
    """The verb behind an operation, when it is one that the entity offers for many records."""
    return next((a for a in bound.entity.all_actions if a.bulk and op == VERB + a.name), None)


def needs(bound: BoundEntity, op: str) -> str | None:
    """The action that the operation needs on every record; None when there is no such operation."""
    verb = verb_of(bound, op)
    return verb.permission if verb else NEEDS.get(op)


def bulk_form(bound: BoundEntity, op: str, data: QueryDict | None) -> Any:
    """The form of a mass change, None when it needs none: of an edit, when posted, only the fields whose box is ticked."""
    if op == "delete":
        return None
    if verb := verb_of(bound, op):
        blank = bound.entity.new(bound.user, {})
        return verb.form(data, user=bound.user, record=blank) if verb.form else None
    names = ["owner"] if op == "assign" else list(bound.bulk_edit)
    if data is not None and op == "edit":
        names = [name for name in names if data.get(f"change_{name}")]
    form = entity_form(bound, data, instance=bound.entity.fresh(bound.user, {}), names=names)
    form.ruled = False  # rules are asked about each record as it is written
    return form


def values_of(form: Any) -> dict[str, Any]:
    """What a valid form writes on each record (attribute → value), or gives to the verb."""
    names = form.names if isinstance(form, EntityForm) else form.cleaned_data
    return {name: form.cleaned_data.get(name) for name in names}


def batches(rows: QuerySet, after: int = 0) -> Iterator[list[Record]]:
    """Rows by id, a batch at a time, however many there are."""
    while batch := list(rows.filter(pk__gt=after).order_by("pk")[:BATCH]):
        after = batch[-1].pk
        yield batch


def apply(
    op: str | Action,
    batch: list[Record],
    values: Mapping[str, Any],
    *,
    actor: Actor,
    changes: ChangeSet,
    outcome: Outcome,
) -> None:
    """Do the operation or verb on one batch; what the database or a rule refuses is tried record by record and counted with its reason."""
    try:
        with transaction.atomic():
            outcome.changed += _write(op, batch, values, replace(actor, changes=changes), changes)
    except (ValidationError, IntegrityError, Protected, Conflict) as error:
        if len(batch) == 1:
            outcome.refuse(_reason(batch[0], error))
            return
        pks = [record.pk for record in batch]
        for record in type(batch[0])._base_manager.filter(pk__in=pks):
            apply(op, [record], values, actor=actor, changes=changes, outcome=outcome)


def _write(op: str | Action, batch: list[Record], values: Mapping[str, Any], actor: Actor, changes: ChangeSet) -> int:
    if isinstance(op, Action):
        return sum(_perform(op, record, values, actor) for record in batch)
    if op == "delete":
        services.delete_many(batch, actor=actor, changes=changes)
        return len(batch)
    for name, value in values.items():
        field = resolve(type(batch[0]), name)
        for record in batch:
            field.put(record, value)
    return len(services.save_many(batch, actor=actor, changes=changes))


def _perform(verb: Action, record: Record, values: Mapping[str, Any], actor: Actor) -> bool:
    """The verb on one record, as its button does it; whether it changed something."""
    if not verb.when(record):
        raise ValidationError(_("It does not fit the record as it is now."))
    was = record.version
    made = verb.perform(record, actor=actor, **values)
    return record.version != was or bool(verb.makes and made)


def _reason(record: Record, error: Exception) -> str:
    if isinstance(error, IntegrityError):
        error = refusal(type(record), error)
    if isinstance(error, ValidationError):
        return "; ".join(error.messages)
    return _("Other records still need it.") if isinstance(error, Protected) else _("Somebody changed it meanwhile.")


def may_run(bound: BoundEntity, op: str) -> bool:
    """Whether the user may start the operation at all."""
    needed = needs(bound, op)
    return needed is not None and bound.can(needed) and (op != "edit" or bool(bound.bulk_edit))


def run(
    op: str | Action,
    rows: QuerySet,
    values: Mapping[str, Any],
    *,
    actor: Actor,
    changes: ChangeSet,
    told: Callable[[int], None] = lambda n: None,
) -> Outcome:
    """The whole operation, batch by batch, inside the caller's transaction."""
    outcome = Outcome()
    for batch in batches(rows):
        apply(op, batch, values, actor=actor, changes=changes, outcome=outcome)
        told(outcome.changed)
    return outcome
