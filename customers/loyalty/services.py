"""What people do with points and invitations."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from customers.loyalty import kinds, ledger
from customers.loyalty.models import LoyaltyProgram, Referral


@transaction.atomic
def redeem_points(record: Any, *, actor: Actor, points: int, reason: str = "", key: str = "") -> None:
    """Spend points for something; the same ``key`` spends once."""
    ledger.redeem(record, points, actor=actor, reason=reason, key=_own(record, key))
    records.log(record, kinds.REDEEMED, actor=actor)


@transaction.atomic
def adjust_points(record: Any, *, actor: Actor, points: int, reason: str, key: str = "") -> None:
    """Correct the points by hand."""
    ledger.adjust(record, points, actor=actor, reason=reason, key=_own(record, key))
    records.log(record, kinds.ADJUSTED, actor=actor)


def _own(record: Any, key: str) -> str:
    """A key that a browser sent holds for this record alone."""
    return f"form:{record.entity_label()}:{record.pk}:{key}" if key else ""


@transaction.atomic
def reward(referral: Referral, *, actor: Actor) -> None:
    """Give both the points of the programme, once."""
    referral = Referral.objects.select_for_update().get(pk=referral.pk)
    if referral.state == Referral.State.REWARDED:
        raise ValidationError(_("This invitation was rewarded already."))
    if referral.invitee_id is None:
        raise ValidationError(_("Link the invited person first: only who joined is rewarded for."))
    program, now = LoyaltyProgram.current(), timezone.now()
    pairs = (
        (referral.inviter, program.inviter_points, "inviter"),
        (referral.invitee, program.invitee_points, "invitee"),
    )
    for person, points, part in sorted(pairs, key=lambda pair: pair[0].pk):
        if points:
            reason = str(_("Invitation: %(name)s") % {"name": referral})
            ledger.give(person, points, actor=actor, reason=reason, key=f"referral:{referral.pk}:{part}")
    referral.state, referral.rewarded_at = Referral.State.REWARDED, now
    records.save(referral, actor=actor, kind=kinds.REWARDED)


def void(referral: Referral, *, actor: Actor) -> None:
    """Say that nothing comes of it: the person may then be invited by somebody else."""
    referral.state = Referral.State.VOID
    records.save(referral, actor=actor)
