"""What sets a rule off, as stored: ``{"on": "changed", "field": "stage", "to": ["3"]}``.

created                         a record was made
changed   field, from, to       one field changed (no field: any), perhaps only from or to some values
stage     to                    it moved to a lane of its board; being made there is no move
kind      kinds                 entries of these kinds
date      field, days, hours, at, working    so long before (negative) or after a date of the record
schedule  every, at, weekdays, day           each day, week or month at a time, for every record that meets the condition
hand                            somebody pressed the button

Rooms above add triggers of their own that entries set off: ``add_trigger``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.entity import registry
from crm.records import kinds
from crm.records.models import Entry
from crm.records.undo import verb_of
from crm.workflows.steps import LONGEST_WAIT, clock, date_field, whole

Trigger = Mapping[str, Any]


def _created(trigger: Trigger, entry: Entry) -> bool:
    return verb_of(entry) == "created"


def _changed(trigger: Trigger, entry: Entry) -> bool:
    if not entry.changes:
        return False
    field = trigger.get("field")
    if not field:
        return True
    pair = entry.changes.get(field)
    return pair is not None and _fits(trigger.get("from"), pair[0]) and _fits(trigger.get("to"), pair[1])


def _stage(trigger: Trigger, entry: Entry) -> bool:
    entity = registry.get(entry.entity)
    if entity is None or entity.board is None:
        return False
    return _changed({**trigger, "field": entity.board.field, "from": None}, entry)


def _kind(trigger: Trigger, entry: Entry) -> bool:
    return entry.kind in trigger.get("kinds", ())


def _fits(wanted: list[Any] | None, value: Any) -> bool:
    """Values are compared as they are written in the log: choices and ids, as text."""
    return not wanted or ("" if value is None else str(value)) in {str(one) for one in wanted}


# Triggers that an entry can set off: name → whether it does.
listens: dict[str, Callable[[Trigger, Entry], bool]] = {
    "created": _created,
    "changed": _changed,
    "stage": _stage,
    "kind": _kind,
}
# Triggers that the clock or a person sets off.
TIMED = ("date", "schedule")


@dataclass(frozen=True)
class OwnTrigger:
    """A trigger of a room above: entries of ``kind`` about records of ``entities`` whose data name one of the chosen things.

    ``options(bound)`` are the things that the principal may choose from, ``data_key`` names them in the entry's data.
    ``words`` holds ``%(entity)s`` and ``%(values)s``, ``missing`` is said when nothing was chosen.
    """

    name: str
    label: Any
    words: Any
    missing: Any
    kind: str
    data_key: str
    entities: Collection[str]
    options: Callable[[BoundEntity], list[tuple[Any, str]]]

    def fits(self, trigger: Trigger, entry: Entry) -> bool:
        """Whether the entry sets it off."""
        return entry.kind == self.kind and str(entry.data.get(self.data_key)) in trigger.get("to", ())

    def check(self, trigger: Trigger, bound: BoundEntity) -> dict[str, Any]:
        """What is stored of it; ValidationError unless something known was chosen."""
        known = {str(value) for value, _name in self.options(bound)} if bound.label in self.entities else set()
        values = [value for value in _values(trigger, "to") if value in known]
        if not values:
            raise ValidationError(self.missing)
        return {"to": values}


own_triggers: dict[str, OwnTrigger] = {}


def add_trigger(trigger: OwnTrigger) -> None:
    """Let rules be set off by what a room above writes."""
    own_triggers[trigger.name] = trigger
    listens[trigger.name] = trigger.fits
    _CHECKS[trigger.name] = trigger.check


def triggers_for(bound: BoundEntity) -> list[str]:
    """The names of the triggers that rules of an entity may have."""
    own = [name for name, one in own_triggers.items() if bound.label in one.entities]
    built_in = [name for name in listens if name not in own_triggers]
    return [name for name in (*built_in, *own, *TIMED, "hand") if name != "stage" or bound.entity.board is not None]


def check_trigger(trigger: Any, bound: BoundEntity) -> dict[str, Any]:
    """The trigger as it is stored; ValidationError says what is missing."""
    on = trigger.get("on") if isinstance(trigger, dict) else None
    if on not in (*listens, *TIMED, "hand"):
        raise ValidationError(_("Choose what sets the rule off."))
    return {"on": on, **_CHECKS.get(on, lambda trigger, bound: {})(trigger, bound)}


def _check_changed(trigger: Trigger, bound: BoundEntity) -> dict[str, Any]:
    name = trigger.get("field") or ""
    if name and name not in bound.readable(n for n in bound.kept_names if "__" not in n):
        raise ValidationError(_("Choose a field."))
    return {"field": name, "from": _values(trigger, "from"), "to": _values(trigger, "to")}


def _check_stage(trigger: Trigger, bound: BoundEntity) -> dict[str, Any]:
    if bound.entity.board is None:
        raise ValidationError(_("%(entity)s have no stages.") % {"entity": bound.plural})
    values = _values(trigger, "to")
    if not values:
        raise ValidationError(_("Choose at least one stage."))
    return {"to": values}


def _check_kind(trigger: Trigger, bound: BoundEntity) -> dict[str, Any]:
    chosen = [str(name) for name in trigger.get("kinds") or [] if name in dict(kinds_of(bound.label))]
    if not chosen:
        raise ValidationError(_("Choose at least one event."))
    return {"kinds": chosen}


def _check_date(trigger: Trigger, bound: BoundEntity) -> dict[str, Any]:
    return {
        "field": date_field(bound, trigger.get("field")),
        "days": whole(trigger.get("days") or 0, True),
        "hours": whole(trigger.get("hours") or 0, True),
        "at": clock(trigger.get("at")),
        "working": bool(trigger.get("working")),
    }


def _check_schedule(trigger: Trigger, bound: BoundEntity) -> dict[str, Any]:
    every = trigger.get("every")
    if every not in {"day", "week", "month"}:
        raise ValidationError(_("Say how often."))
    checked: dict[str, Any] = {"every": every, "at": clock(trigger.get("at")) or "09:00"}
    if every == "week":
        checked["weekdays"] = sorted({whole(n, False) for n in trigger.get("weekdays") or []} & set(range(7)))
        if not checked["weekdays"]:
            raise ValidationError(_("Choose at least one weekday."))
    if every == "month":
        checked["day"] = min(max(whole(trigger.get("day") or 1, False), 1), 31)
    return checked


def _values(trigger: Trigger, name: str) -> list[str]:
    values = trigger.get(name) or []
    return [str(value)[:200] for value in (values if isinstance(values, list) else [values])][:LONGEST_WAIT]


_CHECKS: dict[str, Callable[[Trigger, BoundEntity], dict[str, Any]]] = {
    "changed": _check_changed,
    "stage": _check_stage,
    "kind": _check_kind,
    "date": _check_date,
    "schedule": _check_schedule,
}


def kinds_of(label: str) -> list[tuple[str, str]]:
    """(kind, what happens) of everything that is written about records of the entity."""
    own = [kind for kind in kinds.registry.values() if kind.name.startswith(f"{label}.")]
    verbs = [kinds.Kind(f"{label}.{verb.name}", verb.label) for verb in kinds.VERBS.values()]
    shared = [
        kind
        for kind in kinds.registry.values()
        if kind not in own and (kind.group == "follow-ups" or kind.name.rpartition(".")[0] not in registry)
    ]
    return [(kind.name, kind.said().strip()) for kind in (*own, *verbs, *shared)]
