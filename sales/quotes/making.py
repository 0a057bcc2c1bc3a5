"""Quotes made of what an opportunity is about: nothing is typed twice."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.filling import prices_for
from sales.catalogue.models import OpportunityLine
from sales.models import Opportunity
from sales.quotes.models import Quote, QuoteLine

WANTED = ("position", "product", "name", "unit", "quantity", "unit_price", "discount_percent", "tax_rate", "note")
ENDED = (Quote.State.REJECTED, Quote.State.EXPIRED, Quote.State.SUPERSEDED)


@transaction.atomic
def quote_of_deal(deal: Opportunity, *, actor: Actor) -> Quote:
    """A draft with the customer and the products of an opportunity; one that is under way already is that quote."""
    deal = Opportunity._base_manager.select_for_update().get(pk=deal.pk)
    there = Quote.objects.alive().filter(opportunity=deal).exclude(state__in=ENDED).order_by("-pk").first()
    if there is not None:
        return there
    if deal.account_id is None:
        raise ValidationError(_("A quote needs an account: choose it on “%(deal)s”.") % {"deal": deal})
    whom = deal.people.filter(deleted_at__isnull=True).order_by("-is_primary", "pk").first()
    quote = Quote(
        owner_id=deal.owner_id,
        title=deal.name,
        account_id=deal.account_id,
        contact_id=whom.contact_id if whom else None,
        opportunity=deal,
        currency=deal.currency,
    )
    records.save(quote, actor=actor)
    lines = list(
        OpportunityLine.objects.alive().filter(document=deal).select_related("product").order_by("position", "pk")
    )
    copies = [
        QuoteLine(document=quote, owner_id=quote.owner_id, **{name: getattr(line, name) for name in WANTED})
        for line in lines
    ]
    named = [line for line in copies if line.product_id]
    found = prices_for(quote, [(line.product, line.quantity) for line in named])
    for line, price in zip(named, found, strict=True):
        line.list_price, line.price_reason = price.list_price, list(price.steps)
        line.unit_price = line.unit_price or price.price or 0
    records.save_many(copies, actor=actor)
    return Quote.objects.get(pk=quote.pk)
