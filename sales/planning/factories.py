"""Targets for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import some_user
from sales.planning.models import Target


def make_target(month: date, amount: Any = 100_000, **values: Any) -> Target:
    """A saved target of a month: the owner's, or that of ``unit``."""
    owner = some_user(values.pop("owner", None))
    target = Target(owner=owner, month=month, amount=Decimal(amount), **values)
    records.save(target, actor=Actor(None, "factory"))
    return target
