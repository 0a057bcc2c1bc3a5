"""Suppliers, orders that were placed, bills and payments for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import some_user
from sales.catalogue.models import Product
from sales.purchasing import billing, services
from sales.purchasing.models import Bill, PurchaseOrder, PurchaseOrderLine, Supplier, SupplierPrice

_numbers = count(1)
DAY = date(2026, 11, 1)


def make_supplier(**values: Any) -> Supplier:
    """A saved supplier."""
    owner = some_user(values.pop("owner", None))
    supplier = Supplier(owner=owner, **{"name": f"恒泽泵业{next(_numbers)}有限公司", **values})
    records.save(supplier, actor=Actor(owner, "factory"))
    return supplier


def make_supplier_price(supplier: Supplier, product: Product, price: Any, **values: Any) -> SupplierPrice:
    """What the supplier asks for a product."""
    row = SupplierPrice(supplier=supplier, product=product, price=Decimal(str(price)), owner=supplier.owner, **values)
    records.save(row, actor=Actor(supplier.owner, "factory"))
    return row


def make_purchase(*, placed: bool = True, lines: Any = ((10, 100),), **values: Any) -> PurchaseOrder:
    """An order with lines (quantity, price); placed unless told otherwise."""
    owner = some_user(values.pop("owner", None))
    values["supplier"] = values.get("supplier") or make_supplier(owner=owner)
    purchase = PurchaseOrder(owner=owner, **{"title": "水泵采购", **values})
    actor = Actor(owner, "factory")
    records.save(purchase, actor=actor)
    made = [
        PurchaseOrderLine(
            document=purchase, owner=owner, position=place * 10, name=f"离心泵{place}", quantity=Decimal(str(quantity)),
            unit_price=Decimal(str(price)),
        )
        for place, (quantity, price) in enumerate(lines, 1)
    ]  # fmt: skip
    records.save_many(made, actor=actor)
    if placed:
        place(PurchaseOrder.objects.get(pk=purchase.pk))
    return PurchaseOrder.objects.get(pk=purchase.pk)


def place(purchase: PurchaseOrder) -> PurchaseOrder:
    """Approved and ordered."""
    actor = Actor(None, "factory")
    services.move(purchase, PurchaseOrder.State.APPROVING, "", actor=actor)
    services.approve_purchase(purchase, actor=actor)
    return services.place_purchase(purchase, actor=actor, ordered_on=DAY)


def make_bill(purchase: PurchaseOrder | None = None, amount: Any = 1000, **values: Any) -> Bill:
    """A bill of an order."""
    purchase = purchase or make_purchase()
    given = {"number": f"0440{next(_numbers):05}", "billed_on": DAY, **values}
    return billing.enter_bill(purchase, actor=Actor(None, "factory"), amount=Decimal(str(amount)), **given)
