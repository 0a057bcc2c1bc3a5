"""Products that an account has, and those it does not have yet, by category."""

from __future__ import annotations

from typing import Any

from crm.access import policy
from crm.entities.entity import registry
from customers.models import Account
from sales.catalogue.models import Product
from sales.orders.models import CustomerProduct

MOST = 400
OWNED, PRODUCT = "orders.customerproduct", "catalogue.product"


def may(user: Any) -> bool:
    """Whether somebody sees both products and who has them."""
    return all(
        policy.can(user, label, "view") and policy.field_mode(user, [(label, name)]) is None
        for label, name in ((OWNED, "product"), (PRODUCT, "name"))
    )


def white_space_of(account: Account, user: Any) -> list[dict[str, Any]]:
    """A row for each category: products that are the account's, and those for sale that are not, as far as the user sees them."""
    if not may(user):
        return []
    rows = CustomerProduct.objects.restrict(user).filter(deleted_at__isnull=True, account=account, state="active")
    owned = set(rows.values_list("product", flat=True))
    products = Product.objects.restrict(user).filter(deleted_at__isnull=True).select_related("category")
    groups: dict[str, dict[str, Any]] = {}
    for product in products.order_by("category__position", "name_key", "pk")[:MOST]:
        has = product.pk in owned
        if not has and not product.active:
            continue
        name = product.category.name if product.category else ""
        group = groups.setdefault(name, {"name": name, "has": [], "lacks": []})
        one = {"name": product.name, "url": registry[PRODUCT].url("record", product.pk)}
        group["has" if has else "lacks"].append(one)
    return sorted(groups.values(), key=lambda group: not group["has"])
