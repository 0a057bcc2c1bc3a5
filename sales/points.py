"""A won opportunity earns its account points; opened again, they are taken back."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.records.models import Entry
from crm.reference.models import ExchangeRate
from customers.loyalty.events import Earning, earn_event
from sales.kinds import REOPENED, WON
from sales.models import Opportunity


@earn_event(WON, _("Opportunity won"), undone_by=REOPENED)
def won(entry: Entry) -> list[Earning]:
    """The account, for what the opportunity brought."""
    deal = Opportunity.objects.filter(pk=entry.record_id).select_related("account").first()
    if deal is None or deal.account is None:
        return []
    rate = ExchangeRate.objects.rate_of(deal.currency, deal.close_date or timezone.localdate(entry.at))
    return [Earning(deal.account, (deal.amount or Decimal(0)) * (rate or Decimal(1)), f"deal:{deal.pk}")]
