"""A group of companies as one reader may know it: parent, subsidiaries, and what apps above add up over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crm.entities.bound import bind
from crm.entities.entity import registry
from customers.models import Account

MOST, HIGHEST, DEEPEST = 300, 20, 12
LABEL = "customers.account"
Sums = dict[int, dict[str, Decimal]]


@dataclass(frozen=True)
class GroupColumn:
    """``sums(ids, user)`` gives the amounts of each account by currency; None: the user may not know them."""

    label: Any
    sums: Callable[[Sequence[int], Any], Sums | None]


_columns: list[GroupColumn] = []


def group_column(label: Any) -> Callable:
    """Decorator: add up ``fn(ids, user)`` over the companies of a group, from an app above."""

    def add(fn: Callable[[Sequence[int], Any], Sums | None]) -> Callable[[Sequence[int], Any], Sums | None]:
        _columns.append(GroupColumn(label, fn))
        return fn

    return add


@dataclass
class Member:
    """One company of the group; ``level`` is how far below the top it stands."""

    account: Account
    level: int
    here: bool
    values: list[tuple[str, dict[str, Decimal]]] = field(default_factory=list)


@dataclass
class Group:
    """The companies from the top down, and the sums over all of them."""

    members: list[Member]
    labels: list[str]
    totals: list[tuple[str, dict[str, Decimal]]]
    more: bool


def group_of(account: Account, user: Any) -> Group | None:
    """The group as far as the user sees it; None where there is none to be seen. A query a level."""
    bound = bind(registry[LABEL], user)
    if "parent" not in bound.readable(["parent"]):
        return None
    top = _top(account, bound)
    found, more = _below(top, bound)
    if len(found) < 2:
        return None
    ids = [pk for pk, _level in found]
    rows = {row.pk: row for row in bound.records().filter(pk__in=ids).select_related("owner")}
    members = [Member(rows[pk], level, pk == account.pk) for pk, level in found if pk in rows]
    known = [(column, sums) for column in _columns if (sums := column.sums(ids, user)) is not None]
    for member in members:
        member.values = [(str(column.label), sums.get(member.account.pk, {})) for column, sums in known]
    totals = [(str(column.label), _total(sums)) for column, sums in known]
    return Group(members, [str(column.label) for column, _sums in known], totals, more)


def _top(account: Account, bound: Any) -> Account:
    """The highest company above that the user reaches without leaving what they see."""
    seen = {account.pk}
    while account.parent_id and account.parent_id not in seen and len(seen) < HIGHEST:
        above = bound.records().filter(pk=account.parent_id).first()
        if above is None:
            break
        account = above
        seen.add(account.pk)
    return account


def _below(top: Account, bound: Any) -> tuple[list[tuple[int, int]], bool]:
    """(id, level) of everything below in the order of the tree, and whether there is more than is shown."""
    children: dict[int, list[int]] = {}
    level, known = [top.pk], {top.pk}
    for _depth in range(DEEPEST):
        rows = bound.records().filter(parent__in=level).order_by("name_key", "pk").values_list("pk", "parent_id")
        fresh = [(pk, parent) for pk, parent in rows[: MOST + 1] if pk not in known]
        for pk, parent in fresh:
            children.setdefault(parent, []).append(pk)
        level = [pk for pk, _parent in fresh]
        known.update(level)
        if not level or len(known) > MOST:
            break
    found: list[tuple[int, int]] = []
    waiting = [(top.pk, 0)]
    while waiting:
        pk, depth = waiting.pop()
        found.append((pk, depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(pk, ()))]
    return found[:MOST], len(found) > MOST


def _total(sums: Mapping[int, Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for amounts in sums.values():
        for currency, amount in amounts.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total
