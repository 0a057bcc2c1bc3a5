"""Invitations that are rewarded by themselves, when the programme says so: once the invited person is known, or has bought."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from crm.records.actor import Actor
from crm.records.hooks import on
from crm.records.models import Entry
from customers.loyalty.models import LoyaltyProgram, Referral
from customers.loyalty.services import reward
from customers.models import Account

RewardOn = LoyaltyProgram.RewardOn
CAUSE = Actor(None, "loyalty")


@on("loyalty.referral.created", "loyalty.referral.changed", name="loyalty.joined")
def joined(entry: Entry) -> None:
    """Somebody invited is known now; perhaps they have bought since they were invited."""
    program = LoyaltyProgram.current()
    if not program.active or program.reward_on == RewardOn.HAND:
        return
    for referral in _open().filter(pk=entry.record_id):
        last = referral.invitee.last_purchase_at
        if program.reward_on == RewardOn.JOINED or (last is not None and last >= referral.created_at):
            _reward(referral)


def bought(buyer: Any, at: datetime) -> None:
    """A purchase of a contact, or of a private person's account, came in: who invited them is rewarded for the first one."""
    program = LoyaltyProgram.current()
    if not program.active or program.reward_on != RewardOn.PURCHASE:
        return
    mine = (
        {"invitee__account": buyer, "invitee__account__is_person": True}
        if isinstance(buyer, Account)
        else {"invitee": buyer}
    )
    for referral in _open().filter(**mine, created_at__lte=at):
        _reward(referral)


def _open() -> Any:
    found = Referral.objects.alive().filter(state=Referral.State.JOINED, invitee__deleted_at__isnull=True)
    return found.filter(inviter__deleted_at__isnull=True).select_related("invitee", "inviter")


def _reward(referral: Referral) -> None:
    try:
        reward(referral, actor=CAUSE)
    except ValidationError:  # somebody did it by hand in between
        return
