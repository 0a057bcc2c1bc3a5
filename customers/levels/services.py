"""Which level each account has by the rules, what would change, and changing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, CharField, Count, F, QuerySet, Value, When

from crm.entities.ruling import ruled_q
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import ChangeSet
from customers.levels import kinds
from customers.levels.models import LevelHold, LevelRule
from customers.models import Account

Target = LevelRule.Target
BATCH = 500


@dataclass(frozen=True)
class Move:
    """So many accounts go from one value to another."""

    before: str
    after: str
    count: int


def rules_of(target: str) -> list[LevelRule]:
    """The rules in use, in their order."""
    return list(LevelRule.objects.filter(target=target, active=True))


def judged(rows: QuerySet, target: str, now: datetime) -> QuerySet:
    """The accounts that the rules may set, each with ``wanted``; where no rule fits, it stays what it is."""
    cases = [When(ruled_q(Account, rule.condition, now), then=Value(rule.value)) for rule in rules_of(target)]
    rows = rows.filter(**{f"level_hold__{target}": False})
    return rows.annotate(wanted=Case(*cases, default=F(target), output_field=CharField()) if cases else F(target))


def dry_run(target: str, now: datetime, rows: QuerySet | None = None) -> list[Move]:
    """From what to what accounts would go, largest first; those that stay are counted as moves to themselves."""
    rows = Account.objects.alive() if rows is None else rows
    found = judged(rows.order_by(), target, now).values(before=F(target), after=F("wanted"))
    moves = [Move(row["before"], row["after"], row["n"]) for row in found.annotate(n=Count("pk"))]
    return sorted(moves, key=lambda move: (move.before == move.after, -move.count))


def to_change(target: str, now: datetime) -> QuerySet:
    """The accounts whose value differs from what the rules want."""
    return judged(Account.objects.alive(), target, now).exclude(**{target: F("wanted")})


def batches(target: str, now: datetime, after: int = 0) -> Iterator[list[Account]]:
    """What is to change, in the order of ids; what was written drops out by itself."""
    while True:
        batch = list(to_change(target, now).filter(pk__gt=after).select_related("owner").order_by("pk")[:BATCH])
        if not batch:
            return
        after = batch[-1].pk
        yield batch


def apply(batch: list[Account], target: str, *, actor: Actor, changes: ChangeSet) -> tuple[int, int]:
    """Give each account what is wanted of it; (how many were changed, how many refused it)."""
    for account in batch:
        setattr(account, target, account.wanted)
    try:
        with transaction.atomic():
            return len(records.save_many(batch, actor=actor, changes=changes, kind=kinds.BY_RULE)), 0
    except (ValidationError, Conflict):
        return _one_by_one(batch, target, actor, changes)


def _one_by_one(batch: list[Account], target: str, actor: Actor, changes: ChangeSet) -> tuple[int, int]:
    """After something in the batch was refused: only what is refused stays behind."""
    changed = refused = 0
    for account in Account.objects.in_bulk([a.pk for a in batch]).values():
        setattr(account, target, next(a.wanted for a in batch if a.pk == account.pk))
        try:
            with transaction.atomic():
                changed += bool(records.save(account, actor=actor, changes=changes, kind=kinds.BY_RULE))
        except (ValidationError, Conflict):
            refused += 1
    return changed, refused


@transaction.atomic
def hold(account: Account, *, actor: Actor) -> None:
    """Keep level and life cycle as they are, whatever the rules say."""
    LevelHold.objects.filter(pk=account.pk).update(level=True, lifecycle=True, held_by=actor.user)
    records.log(account, kinds.HELD, actor=actor)


@transaction.atomic
def free(account: Account, *, actor: Actor) -> None:
    """Let the rules decide again."""
    LevelHold.objects.filter(pk=account.pk).update(level=False, lifecycle=False, held_by=None)
    records.log(account, kinds.FREED, actor=actor)


def is_held(account: Any) -> bool:
    """Whether somebody keeps it by hand."""
    held = getattr(account, "level_hold", None)
    return bool(held and (held.level or held.lifecycle))
