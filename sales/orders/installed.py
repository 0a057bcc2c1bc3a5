"""What customers have since it was delivered, until when, and the renewals that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.spans import later
from crm.records import services as records
from crm.records.actor import Actor
from sales.models import Opportunity, Stage
from sales.orders.models import CustomerProduct, Order, OrderLine

AHEAD = timedelta(days=60)
CLOCK = Actor(None, "clock:renewals")


def install(
    order: Order, moved: Iterable[tuple[OrderLine, Decimal]], day: date, *, actor: Actor
) -> list[CustomerProduct]:
    """What was delivered is the customer's from ``day`` on; a bundle is what it holds. With months of service it ends."""
    made = []
    for line, quantity in moved:
        if line.product_id is None:
            continue
        parts = [
            (item.product, item.quantity * quantity) for item in line.product.items.filter(deleted_at__isnull=True)
        ]
        for product, count in parts or [(line.product, quantity)]:
            made.append(
                CustomerProduct(
                    owner_id=order.owner_id,
                    account_id=order.account_id,
                    product=product,
                    quantity=count,
                    since=day,
                    until=later(day, product.months) - timedelta(days=1) if product.months else None,
                    order_line=line,
                    contract_id=order.contract_id,
                )
            )
    records.save_many(made, actor=actor)
    return made


def turn(today: date | None = None) -> dict[str, int]:
    """What this day does: services end, and those that end soon get an opportunity to renew them. Again does nothing more."""
    day = today or timezone.localdate()
    return {"renewals": make_renewals(day), "ended": _end(day)}


def make_renewals(day: date) -> int:
    """One opportunity an account for everything of it that ends within 60 days and is not being renewed yet; how many."""
    soon = CustomerProduct.objects.alive().filter(
        state=CustomerProduct.State.ACTIVE, until__gte=day, until__lte=day + AHEAD, renewal__isnull=True
    )
    accounts = soon.order_by("account").values_list("account", flat=True).distinct()
    return sum(_renew(account, day) for account in accounts)


@transaction.atomic
def _renew(account: int, day: date) -> int:
    rows = list(
        CustomerProduct.objects.alive()
        .select_for_update(of=("self",))
        .filter(Q(until__range=(day, day + AHEAD)), account=account, state="active", renewal__isnull=True)
        .select_related("product", "account", "order_line")
        .order_by("pk")
    )
    stage = Stage.objects.open().filter(pipeline__active=True).first()
    if not rows or stage is None:
        return 0
    amount = sum((row.order_line.unit_price * row.quantity for row in rows if row.order_line), Decimal(0))
    names = "、".join(dict.fromkeys(row.product.name for row in rows))
    deal = Opportunity(
        owner_id=rows[0].owner_id,
        name=_("Renewal: %(products)s") % {"products": names[:250]},
        account_id=account,
        stage=stage,
        amount=amount.quantize(Decimal("0.01")) or None,
        close_date=min(row.until for row in rows),
        product_text=names[:200],
    )
    records.save(deal, actor=CLOCK)
    for row in rows:
        row.renewal = deal
    records.save_many(rows, actor=CLOCK)
    return 1


def _end(day: date) -> int:
    rows = list(CustomerProduct.objects.alive().filter(state="active", until__lt=day)[:5000])
    for row in rows:
        row.state = CustomerProduct.State.ENDED
    records.save_many(rows, actor=CLOCK)
    return len(rows)
