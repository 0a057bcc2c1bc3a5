"""Purchases that shops and tills tell of earn points, for the contact or the customer that they are of."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.apps import apps
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.records.models import Entry
from crm.reference.models import ExchangeRate
from customers.loyalty.events import Earning, earn_event
from customers.loyalty.ledger import MEMBERSHIPS
from marketing.kinds import BOUGHT


@earn_event(BOUGHT, _("Purchase online, in a store or by card"))
def bought(entry: Entry) -> list[Earning]:
    """Who bought, for what they paid."""
    if entry.entity not in MEMBERSHIPS:
        return []
    buyer = apps.get_model(entry.entity)._base_manager.filter(pk=entry.record_id, deleted_at__isnull=True).first()
    if buyer is None:
        return []
    try:
        amount = Decimal(entry.data.get("amount") or 0)
    except InvalidOperation:
        amount = Decimal(0)
    currency = entry.data.get("currency") or "CNY"
    rate = Decimal(1) if currency == "CNY" else ExchangeRate.objects.rate_of(currency, timezone.localdate(entry.at))
    return [Earning(buyer, amount * (rate or Decimal(1)), f"bought:{entry.pk}")]
