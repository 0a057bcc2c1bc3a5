"""What people bought online, in stores and with their cards, for figures that are made of purchases."""

from __future__ import annotations

from django.db.models import DateField, F, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from customers.purchases import ACCOUNT, CONTACT, purchases
from marketing.models import BehaviourEvent


@purchases("marketing.events", _("Purchases told by shops and tills"))
def told(label: str) -> QuerySet | None:
    """Purchases that found their person."""
    if label not in (ACCOUNT, CONTACT):
        return None
    found = BehaviourEvent.objects.filter(
        kind__in=BehaviourEvent.PURCHASES, on_entity=label, on_id__isnull=False, amount__isnull=False
    )
    return found.order_by().values(
        subject=F("on_id"), day=Cast("at", DateField()), total=F("amount"), unit=F("currency")
    )
