"""A won opportunity earns its account and its main contact points; opened again, they are taken back."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.records.models import Entry
from crm.reference.models import ExchangeRate
from customers.loyalty.events import Earning, earn_event
from sales.kinds import REOPENED, WON
from sales.models import Opportunity, OpportunityContact


@earn_event(WON, _("Opportunity won"), undone_by=REOPENED)
def won(entry: Entry) -> list[Earning]:
    """The account and the main contact, for what the opportunity brought; a rule says which of them earns."""
    deal = Opportunity.objects.filter(pk=entry.record_id).select_related("account").first()
    if deal is None or deal.account is None:
        return []
    rate = ExchangeRate.objects.rate_of(deal.currency, deal.close_date or timezone.localdate(entry.at))
    amount = (deal.amount or Decimal(0)) * (rate or Decimal(1))
    parts = OpportunityContact.objects.alive().filter(
        opportunity=deal, is_primary=True, contact__deleted_at__isnull=True
    )
    people = [part.contact for part in parts.select_related("contact").order_by("pk")[:1]]
    return [Earning(one, amount, f"deal:{deal.pk}") for one in (deal.account, *people)]
