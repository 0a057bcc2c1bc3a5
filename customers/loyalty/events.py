"""What members earn points by: rooms register their events, rules of admins say how many points each gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from crm.entities.ruling import ruled_q
from crm.records.actor import Actor
from crm.records.hooks import on
from crm.records.models import Entry
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
    """Give what the rules of an event say. The key of each entry and rule makes it happen once."""
    rules = list(EarnRule.objects.filter(event=entry.kind, active=True))
    if not rules or not LoyaltyProgram.current().active:
        return
    for earning in events[entry.kind].earnings(entry):
        for rule in rules:
            points = rule.worth(earning.amount)
            if points and _fits(earning.record, rule):
                key = f"{earning.source}:{entry.pk}:{rule.pk}:{earning.record.pk}"
                give(
                    earning.record,
                    points,
                    actor=Actor(None, f"loyalty:{rule.pk}"),
                    reason=rule.name,
                    key=key,
                    rule=rule,
                )


def revoke(earnings: list[Earning], entry: Entry) -> None:
    """Take back what a source gave and has not been taken back."""
    for earning in earnings:
        mine = PointsEntry.objects.filter(entity=earning.record.entity_label(), record_id=earning.record.pk)
        given = mine.filter(key__startswith=f"{earning.source}:").aggregate(points=Sum("points"))["points"] or 0
        if given > 0:
            key = f"{earning.source}:undone:{entry.pk}"
            take_back(earning.record, given, actor=Actor(None, "loyalty"), reason=str(entry.title), key=key)


def _fits(record: Any, rule: EarnRule) -> bool:
    model = type(record)
    return model._base_manager.filter(ruled_q(model, rule.condition, timezone.now()), pk=record.pk).exists()
