"""What is agreed, invoiced and received of a customer, a contract or an order: one query, by currency, as far as its reader may know."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import CharField, QuerySet, Sum, Value

from crm.entities.bound import knows
from customers.models import Account
from sales.contracts.models import OWED, Contract
from sales.invoicing.models import Invoice
from sales.invoicing.requesting import whole_of
from sales.orders.models import Order
from sales.receivables.models import Instalment

ZERO = Decimal(0)
OUT = (Invoice.State.ISSUED, Invoice.State.DELIVERED, Invoice.State.CREDITED)


@dataclass(frozen=True)
class Open:
    """Amounts of one currency; None: the reader may not know."""

    currency: str
    contracted: Decimal | None
    invoiced: Decimal | None
    received: Decimal | None

    @property
    def unpaid(self) -> Decimal | None:
        """Invoiced, and not received."""
        return _rest(self.invoiced, self.received)

    @property
    def unbilled(self) -> Decimal | None:
        """Agreed, and not invoiced."""
        return _rest(self.contracted, self.invoiced)


def _rest(of: Decimal | None, done: Decimal | None) -> Decimal | None:
    return None if of is None or done is None else max(of - done, ZERO)


def open_amounts(record: Account | Contract | Order, user: Any) -> list[Open]:
    """A row a currency; nothing where the reader may know nothing of it."""
    parts = _parts(record, user)
    sums: dict[str, dict[str, Decimal]] = defaultdict(dict)
    if parts:
        first, *others = (_summed(rows, column, name) for name, (rows, column) in parts.items())
        for currency, name, amount in first.union(*others, all=True):
            sums[currency][name] = amount or ZERO
    named = ("contracted", "invoiced", "received")
    return [
        Open(currency, *(found.get(name, ZERO) if name in parts else None for name in named))
        for currency, found in sorted(sums.items(), key=lambda item: (item[0] != "CNY", item[0]))
    ]


def _summed(rows: QuerySet, column: str, name: str) -> QuerySet:
    named = rows.order_by().values("currency").annotate(part=Value(name, CharField()), sum=Sum(column))
    return named.values_list("currency", "part", "sum")


def _parts(record: Account | Contract | Order, user: Any) -> dict[str, tuple[QuerySet, str]]:
    """What is added up: the rows that the user sees, and which column of them."""
    whole = whole_of(record) if isinstance(record, Order) else record
    link = {Account: "account", Contract: "contract", Order: "order"}[type(whole)]
    parts: dict[str, tuple[QuerySet, str]] = {}
    if isinstance(whole, Order):
        if knows(user, "orders.order", "total"):
            parts["contracted"] = _seen(Order, user).filter(pk=whole.pk), "total"
    elif knows(user, "contracts.contract", "amount", "state"):
        rows = _seen(Contract, user).filter(state__in=OWED).exclude(kind=Contract.Kind.FRAMEWORK)
        parts["contracted"] = rows.filter(**{"account" if link == "account" else "pk": whole.pk}), "amount"
    if knows(user, "invoicing.invoice", "total", "state"):
        parts["invoiced"] = _seen(Invoice, user).filter(state__in=OUT, **{link: whole.pk}), "total"
    if link != "order" and knows(user, "receivables.instalment", "received"):
        parts["received"] = _seen(Instalment, user).filter(**{link: whole.pk}), "received"
    return parts


def _seen(model: Any, user: Any) -> QuerySet:
    return model.objects.restrict(user).filter(deleted_at__isnull=True)
