"""What suppliers ask: the price that holds for a quantity on a day, and who asks least."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm.access import policy
from crm.lib.money import round_money
from crm.reference.models import ExchangeRate
from sales.catalogue.arithmetic import HUNDRED
from sales.catalogue.filling import finds_prices
from sales.catalogue.models import Product
from sales.catalogue.pricing import PriceFound, plain
from sales.purchasing.models import PurchaseOrder, SupplierPrice

LABEL = "purchasing.supplierprice"
SHOWN = {None, policy.Mode.READ}
Asked = Sequence[tuple[Product, Decimal]]


def may_know(user: Any) -> bool:
    """Whether somebody may know what suppliers ask. ``None`` is the program itself."""
    if user is None:
        return True
    return policy.can(user, LABEL, "view") and policy.field_mode(user, [(LABEL, "price")]) in SHOWN


def offers(products: Iterable[int], day: date | None = None) -> dict[int, list[SupplierPrice]]:
    """What holds on a day for products, by product: of suppliers that are in use."""
    day = day or timezone.localdate()
    rows = SupplierPrice.objects.alive().filter(product__in=set(products))
    rows = rows.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=day))
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day))
    rows = rows.filter(supplier__deleted_at__isnull=True, supplier__state__in=("trial", "active"))
    found: dict[int, list[SupplierPrice]] = defaultdict(list)
    for row in rows.select_related("supplier", "product").order_by("pk"):
        found[row.product_id].append(row)
    return found


def reached(rows: Iterable[SupplierPrice], quantity: Decimal) -> dict[tuple[int, str], SupplierPrice]:
    """Of each supplier and currency the price for this quantity: the largest band counts, of two the one that began last."""
    best: dict[tuple[int, str], SupplierPrice] = {}
    for row in sorted(rows, key=lambda row: (row.min_quantity, row.valid_from or date.min, row.pk)):
        if row.min_quantity <= quantity:
            best[row.supplier_id, row.currency] = row
    return best


def cheapest(rows: Iterable[SupplierPrice], quantity: Decimal, day: date | None = None) -> SupplierPrice | None:
    """Who asks least for this quantity, with tax and in yuan; a currency without a rate comes last."""
    day = day or timezone.localdate()

    def cost(row: SupplierPrice) -> tuple[bool, Decimal, int]:
        rate = ExchangeRate.objects.rate_of(row.currency, day)
        return rate is None, in_terms(row, row.product, tax_included=True) * (rate or 1), row.pk

    return min(reached(rows, quantity).values(), key=cost, default=None)


def in_terms(row: SupplierPrice, product: Product, *, tax_included: bool) -> Decimal:
    """The price with or without tax, rounded once where it has to be worked out."""
    if row.tax_included == tax_included:
        return row.price
    factor = (HUNDRED + product.tax_rate) / HUNDRED
    return round_money(row.price * factor if tax_included else row.price / factor, row.currency)


@finds_prices(PurchaseOrder)
def find_prices(document: PurchaseOrder, asked: Asked, user: Any = None) -> list[PriceFound]:
    """What the supplier of an order asks, in its currency and tax terms; nothing for who may not know it."""
    nothing = PriceFound(None, document.tax_included, document.currency)
    if not may_know(user):
        return [nothing] * len(asked)
    rows = offers(product.pk for product, _quantity in asked)
    found = []
    for product, quantity in asked:
        row = reached(rows.get(product.pk, ()), quantity).get((document.supplier_id, document.currency))
        if row is None:
            found.append(nothing)
            continue
        price = in_terms(row, product, tax_included=document.tax_included)
        step = {"step": "supplier", "price": plain(price), "currency": document.currency}
        found.append(PriceFound(price, document.tax_included, document.currency, list_price=price, steps=(step,)))
    return found
