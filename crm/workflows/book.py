"""The active rules, kept by each process under the version that every change of a rule raises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crm.workflows.models import Rule, RulesVersion
from crm.workflows.triggers import listens


@dataclass(frozen=True)
class ActiveRule:
    """What is needed to see whether an entry concerns a rule."""

    rule_id: int
    version_id: int
    principal_id: int
    trigger: Mapping[str, Any]
    condition: Mapping[str, Any]


Book = Mapping[str, Sequence[ActiveRule]]
_kept: list[tuple[int, Book]] = []


def active_rules() -> Book:
    """Entity → its active rules that listen to entries, in their order. One tiny query, more after a change."""
    version = RulesVersion.objects.values_list("version", flat=True).first() or 0
    if not _kept or _kept[0][0] != version:
        _kept[:] = [(version, _read())]
    return _kept[0][1]


def _read() -> Book:
    book: dict[str, list[ActiveRule]] = defaultdict(list)
    for rule in Rule.objects.filter(active=True).select_related("current").order_by("position", "pk"):
        if rule.current.trigger.get("on") in listens:
            book[rule.entity].append(
                ActiveRule(rule.pk, rule.current_id, rule.principal_id, rule.current.trigger, rule.current.condition)
            )
    return MappingProxyType(dict(book))


def concerned(entries: Iterable[Any]) -> list[tuple[Any, list[ActiveRule]]]:
    """The entries that set off active rules, each with those rules."""
    entries = list(entries)
    book = active_rules() if entries else {}
    found = []
    for entry in entries if book else ():
        rules = [rule for rule in book.get(entry.entity, ()) if listens[rule.trigger["on"]](rule.trigger, entry)]
        if rules:
            found.append((entry, rules))
    return found
