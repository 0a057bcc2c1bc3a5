"""What a merge moves and moved, in numbers and names that its reader may know."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.core.exceptions import FieldDoesNotExist

from crm.access import policy
from crm.access.policy import Attached
from crm.entities.bound import BoundEntity, bind
from crm.entities.changes import read_changes
from crm.entities.entity import registry
from crm.entities.refs import refs
from crm.matching.merging.links import counted, links_to
from crm.matching.merging.models import MergeOperation
from crm.records.models import Entry

SHOWN = 50


def carried(bound: BoundEntity, record: Any) -> list[tuple[str, int]]:
    """(what, how many) of the records that point at this one, as far as the reader may see them."""
    found = []
    for model, where in counted(links_to(bound.label), [record.pk]):
        entity = registry.get(model._meta.label_lower)
        if entity is None:
            continue
        other = bind(entity, bound.user)
        if other.can("view") and (count := _seen(other, bound.label).filter(where).count()):
            found.append((other.plural, count))
    return found


def _seen(other: BoundEntity, label: str) -> Any:
    """The records of another entity that the reader sees; of what hangs on records only where it hangs on such ones."""
    access = other.model.access
    if not isinstance(access, Attached):
        return other.records()
    reach = access.rows(policy.access_of(other.user), other.model, "view", {label})
    return other.model.objects.alive().filter(reach)


def moved_by(bound: BoundEntity, operation: MergeOperation) -> dict[str, Any]:
    """The records that were merged, the values taken over, and what moved, by kind."""
    user, label = bound.user, operation.entity
    ids = [operation.record_id, *operation.merged.order_by("pk").values_list("record_id", flat=True)]
    names = refs(user, [(label, pk) for pk in ids])
    numbers: dict[str, int] = defaultdict(int)
    for item in operation.items.order_by("model", "name"):
        entity = registry.get(item.model)
        if entity is not None and bind(entity, user).can("view"):
            rows = [*item.rows, *item.left]
            numbers[entity.plural] += len(policy.visible_ids(user, entity.model, rows))
    entry = Entry(
        id=0, entity=label, record_id=operation.record_id, kind="", title="", changes=operation.values, data={}
    )
    return {
        "winner": names[label, operation.record_id],
        "losers": [names[label, pk] for pk in ids[1:]],
        "taken": read_changes(user, [entry])[0],
        "numbers": [(name, count) for name, count in numbers.items() if count],
    }


def what_was_left(bound: BoundEntity, operation: MergeOperation) -> dict[str, Any]:
    """What taking the merge back found changed since, by names that the reader may know."""
    keys = [(one["model"], one["id"]) for one in operation.left if "model" in one and one["model"] in registry]
    known = refs(bound.user, keys[:SHOWN])
    rows = [known[key] for key in keys[:SHOWN]]
    fields = [_label(bound, one["field"]) for one in operation.left if "field" in one]
    return {"left_fields": fields, "left_rows": rows, "left_more": len(keys) - len(rows)}


def _label(bound: BoundEntity, name: str) -> str:
    try:
        field = bound.bind_field(bound.field(name))
    except FieldDoesNotExist:
        field = None
    return str(field.label) if field is not None else ""
