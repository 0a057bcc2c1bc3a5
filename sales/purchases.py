"""Won opportunities are purchases where somebody chooses so; by standard what came in is, see ``sales/receivables/purchases.py``."""

from __future__ import annotations

from django.db.models import DateField, F, QuerySet
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from customers.purchases import ACCOUNT, purchases
from sales.models import Opportunity


@purchases("sales.won", _("Won opportunities"), standard=False)
def won(label: str) -> QuerySet | None:
    """Opportunities won, by their close date."""
    if label != ACCOUNT:
        return None
    found = Opportunity.objects.filter(state=Opportunity.State.WON, account__isnull=False, deleted_at__isnull=True)
    day = Coalesce("close_date", Cast("closed_at", DateField()), Cast("created_at", DateField()))
    return found.order_by().values(subject=F("account_id"), day=day, total=F("amount"), unit=F("currency"))
