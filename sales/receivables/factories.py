"""Contracts that count, plans and payments for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, some_user
from sales.contracts import services as contracts
from sales.contracts.models import Contract
from sales.receivables import payments
from sales.receivables.models import Payment

_numbers = count(1)
TERMS = "30% 签约后 7 天, 60% 验收, 10% 质保 12 个月"


def make_contract(*, approved: bool = False, signed_on: date | None = None, **values: Any) -> Contract:
    """A saved contract over 100,000; ``approved`` with its order and plan, and signed on a day where one is given."""
    owner = some_user(values.pop("owner", None))
    values.setdefault("account", None)
    values["account"] = values["account"] or make_account(owner=owner)
    given = {"title": f"设备采购合同{next(_numbers)}", "amount": Decimal(100_000), "payment_terms": TERMS, **values}
    contract = Contract(owner=owner, **given)
    actor = Actor(owner, "factory")
    records.save(contract, actor=actor)
    if approved or signed_on:
        contract = contracts.approve_contract(contract, actor=actor)
    if signed_on:
        contract = contracts.sign_contract(contract, actor=actor, signed_on=signed_on)
    return Contract.objects.get(pk=contract.pk)


def make_payment(contract: Contract | None = None, amount: Any = 1000, **values: Any) -> Payment:
    """A registered payment of a contract."""
    values.setdefault("paid_on", date(2026, 11, 1))
    owner = some_user(values.pop("owner", None) or (contract.owner if contract else None))
    actor = values.pop("actor", None) or Actor(None, "factory")
    return payments.register_payment(actor=actor, contract=contract, amount=Decimal(amount), owner=owner, **values)
