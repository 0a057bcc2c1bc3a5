"""The ties of an account or a person from where one stands, whichever side noted them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q

from crm.entities.bound import bind
from crm.entities.entity import registry
from customers.models import Account, Contact

TIES = {Account: ("customers.accountrelation", "account"), Contact: ("customers.contactrelation", "contact")}
MOST = 200


@dataclass(frozen=True)
class Line:
    """``other`` is the ``said`` of the one whose page it is."""

    tie: Any
    said: str
    colour: str
    other: Any
    edit_url: str = ""
    delete_url: str = ""


@dataclass(frozen=True)
class Ties:
    """What a tab shows of them."""

    lines: list[Line]
    add_url: str


def ties_of(record: Account | Contact, user: Any) -> Ties | None:
    """The ties of the record; None where the user may not see such ties at all. Two queries."""
    label, side = TIES[type(record)]
    entity = registry[label]
    bound = bind(entity, user)
    if not bound.can("view") or "type" not in bound.readable(["type"]):
        return None
    rows = bound.records().filter(Q(**{side: record}) | Q(other=record)).select_related("type", side, "other")
    found = list(rows.order_by("type__position", "pk")[:MOST])
    lines = [_line(tie, record, side) for tie in found]
    for action, url in (("change", "edit"), ("delete", "delete")):
        may = bound.reachable([tie.pk for tie in found], action) if found and bound.can(action) else set()
        lines = [
            replace(one, **{f"{url}_url": entity.url(url, one.tie.pk)}) if one.tie.pk in may else one for one in lines
        ]
    add = f"{entity.url('add')}?{side}={record.pk}" if bound.can("add") and _may_tie(record, user) else ""
    return Ties(lines, add)


def _may_tie(record: Account | Contact, user: Any) -> bool:
    """Whether the user may change the record, and so tie it."""
    return bind(registry[record.entity_label()], user).can_record("change", record)


def _line(tie: Any, record: Any, side: str) -> Line:
    first = getattr(tie, f"{side}_id") == record.pk
    said, other = (tie.type.name, tie.other) if first else (tie.type.back, getattr(tie, side))
    return Line(tie, said, tie.type.colour, other)
