"""“Make the contract and hand it in” as an effect of stages, rules and approvals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.effects import effect
from crm.records.actor import Actor
from crm.records.models import Record
from sales.contracts import making, services


@effect(
    "submit_contract",
    gettext_lazy("Make the contract and hand it in for approval"),
    "file-certificate",
    fits=lambda entity: entity.label == "sales.opportunity",
)
def submit_contract(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """The contract of the deal, made where there is none; whoever owns the deal asks for its approval.

    One that has nothing to be agreed yet (no amount, no account) stays a draft.
    """
    contract = making.contract_of_deal(record, actor=actor)
    if services.is_draft(contract) and contract.amount:
        services.submit_contract(contract, actor=Actor(record.owner, actor.cause, actor.changes))
    return _("Contract: %(name)s") % {"name": contract}
