"""What members earn points by: rooms register their events, rules of admins say how many points each gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Sum
from django.utils import timezone

from crm.entities.ruling import ruled_q
from crm.records.actor import Actor
from crm.records.hooks import on
from crm.records.models import Entry
from customers.loyalty.inviting import bought
from customers.loyalty.ledger import give, take_back
from customers.loyalty.models import EarnRule, LoyaltyProgram, PointsEntry


@dataclass(frozen=True)
class Earning:
    """Who earns by an event, for how much (yuan), and what it was: the same ``source`` is taken back when it is undone."""

    record: Any
    amount: Decimal
    source: str


@dataclass(frozen=True)
class EarnEvent:
    """``earnings(entry)`` tells who earns by an entry of the log of kind ``name``."""

    name: str
    label: Any
    earnings: Callable[[Entry], list[Earning]]


events: dict[str, EarnEvent] = {}


def earn_event(name: str, label: Any, *, undone_by: str = "") -> Callable:
    """Decorator: entries of kind ``name`` are an event; those of ``undone_by`` take back what the same source gave."""

    def add(fn: Callable[[Entry], list[Earning]]) -> Callable[[Entry], list[Earning]]:
        events[name] = EarnEvent(name, label, fn)
        on(name, name=f"loyalty.earn.{name}")(earn)
        if undone_by:
            on(undone_by, name=f"loyalty.undo.{name}")(lambda entry: revoke(fn(entry), entry))
        return fn

    return add


def earn(entry: Entry) -> None:
    """Give what the rules of an event say, and reward who invited the buyer. The key of each entry and rule makes it happen once."""
    program = LoyaltyProgram.current()
    rules = list(EarnRule.objects.filter(event=entry.kind, active=True)) if program.active else []
    if not rules and (not program.active or program.reward_on != LoyaltyProgram.RewardOn.PURCHASE):
        return
    for earning in events[entry.kind].earnings(entry):
        for rule in rules:
            points = rule.worth(earning.amount) if rule.of == earning.record.entity_label() else 0
            if points and _fits(earning.record, rule):
                _give(earning, rule, points, entry)
        bought(earning.record, entry.at)


def _give(earning: Earning, rule: EarnRule, points: int, entry: Entry) -> None:
    key = f"{earning.source}:{entry.pk}:{rule.pk}:{earning.record.pk}"
    give(earning.record, points, actor=Actor(None, f"loyalty:{rule.pk}"), reason=rule.name, key=key, rule=rule)


def revoke(earnings: list[Earning], entry: Entry) -> None:
    """Take back what a source gave and has not been taken back, from whoever got it."""
    for source in dict.fromkeys(earning.source for earning in earnings):
        mine = PointsEntry.objects.filter(key__startswith=f"{source}:").order_by()
        for row in mine.values("entity", "record_id").annotate(given=Sum("points")).filter(given__gt=0):
            record = apps.get_model(row["entity"])._base_manager.filter(pk=row["record_id"]).first()
            key = f"{source}:undone:{entry.pk}:{row['entity']}:{row['record_id']}"
            if record is not None:
                take_back(record, row["given"], actor=Actor(None, "loyalty"), reason=str(entry.title), key=key)


def _fits(record: Any, rule: EarnRule) -> bool:
    model = type(record)
    return model._base_manager.filter(ruled_q(model, rule.condition, timezone.now()), pk=record.pk).exists()
