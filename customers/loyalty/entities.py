"""Invitations as records."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, register
from customers.loyalty.models import Referral
from customers.loyalty.services import reward, void

OPEN = (Referral.State.INVITED, Referral.State.JOINED)


@register
class ReferralEntity(Entity):
    model = Referral
    icon = "user-heart"
    area = "customers"
    slug = "invitations"
    columns = ("inviter", "invitee", "name", "channel", "state", "rewarded_at", "owner", "created_at")
    filters = ("inviter", "invitee", "name", "channel", "state", "rewarded_at", "owner", "created_at")
    sortable = {"created_at": "created_at"}
    pills = ("state",)
    subtitle = ("channel", "owner")
    quick = ("inviter", "invitee", "name", "channel")
    sections = {_("Invitation"): ("inviter", "invitee", "name", "channel", "state", "rewarded_at", "owner")}
    inline = ("invitee", "name", "channel")
    views = (View("due", _("To reward"), {"all": [{"field": "state", "op": "in", "value": ["joined"]}]}, "created_at"),)
    shows_on = {"customers.contact": "inviter"}
    actions = (
        Action(
            "reward", _("Reward"), reward, "gift", permission="points", primary=True, bulk=True,
            when=lambda referral: referral.state == Referral.State.JOINED,
        ),
        Action("void", _("Void it"), void, "ban", when=lambda referral: referral.state in OPEN, danger=True),
    )  # fmt: skip

    def new(self, user: Any, initial: Any) -> Referral:
        raw = str(initial.get("inviter") or "")
        return Referral(owner=user, inviter_id=int(raw) if raw.isdecimal() and len(raw) < 18 else None)
