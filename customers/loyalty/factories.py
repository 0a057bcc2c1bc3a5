"""Members for tests and demos."""

from __future__ import annotations

from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_contact, some_user
from customers.loyalty.models import Referral


def make_referral(**values: Any) -> Referral:
    """A saved invitation."""
    owner = some_user(values.get("owner"))
    values.setdefault("inviter", None)
    values["inviter"] = values["inviter"] or make_contact(owner=owner)
    if not values.get("invitee"):
        values.setdefault("name", "赵六")
    referral = Referral(**{**values, "owner": owner})
    records.save(referral, actor=Actor(owner, "factory"))
    return referral
