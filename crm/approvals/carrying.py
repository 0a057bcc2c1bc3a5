"""What is asked for beside the approval itself: the verb or the move that is done, as the requester, once it is approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from crm.approvals.models import ApprovalInstance, ApprovalProcess
from crm.entities import effects
from crm.entities.entity import entity_of
from crm.records.models import Record
from crm.users.models import User

PREFIX = "p-"
LONGEST = 2000
# Rooms that hold something back until it is approved say what the address asks for: (process, record, address) → effect.
_readers: list[Callable[[ApprovalProcess, Record, Mapping[str, str]], dict[str, Any] | None]] = []


def carry_reader(fn: Callable[[ApprovalProcess, Record, Mapping[str, str]], dict[str, Any] | None]) -> Callable:
    """Decorator: ``fn(process, record, address)`` says which effect the address asks for; None for none of its own."""
    _readers.append(fn)
    return fn


def read(process: ApprovalProcess, record: Record, address: QueryDict) -> dict[str, Any]:
    """The effect that is done on approval: only what this very process stands before; empty for none."""
    for reader in _readers:
        found = reader(process, record, address)
        if found is not None:
            return found
    if not process.verb:
        return {}
    params: dict[str, Any] = {}
    for name in address:
        if name.startswith(PREFIX):
            values = [value[:LONGEST] for value in address.getlist(name)]
            params[name.removeprefix(PREFIX)] = values if len(values) > 1 else values[0]
    return {"effect": effects.VERB + process.verb, "params": params}


def ask_url(process: ApprovalProcess, record: Record, params: Mapping[str, Any] | None = None) -> str:
    """Where to ask for it; ``params`` are those of the verb."""
    address = reverse("approvals:ask", args=[record.entity_label(), record.pk, process.pk])
    pairs = [
        (f"{PREFIX}{name}", _plain(one))
        for name, value in (params or {}).items()
        for one in (value if isinstance(value, list | tuple) else [value])
        if one not in (None, "")
    ]
    return f"{address}?{urlencode(pairs)}" if pairs else address


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return str(getattr(value, "pk", value))


def in_words(carry: Mapping[str, Any], record: Record, reader: User) -> str:
    """What is going to be done, as the reader may know it."""
    if not carry:
        return ""
    try:
        return effects.describe(str(carry["effect"]), entity_of(record), carry.get("params") or {}, reader)
    except LookupError as error:
        return str(error.args[0])


def carried(instance: ApprovalInstance, record: Record | None, reader: User) -> str:
    """What a request carries."""
    return in_words(instance.carry, record, reader) if record is not None else ""
