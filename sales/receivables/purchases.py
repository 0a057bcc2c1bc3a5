"""What customers bought is what came in; deals that never had a contract count as they were won."""

from __future__ import annotations

from django.db.models import DateField, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from customers.purchases import ACCOUNT, purchases
from sales.contracts.models import OWED, Contract
from sales.models import Opportunity
from sales.receivables.models import Payment


@purchases("receivables.paid", _("Money received"))
def paid(label: str) -> QuerySet | None:
    """Confirmed payments by the day they came, less what was refunded."""
    if label != ACCOUNT:
        return None
    found = Payment.objects.filter(
        state=Payment.State.CONFIRMED, account__isnull=False, deleted_at__isnull=True, amount__gt=F("refunded")
    )
    total = F("amount") - F("refunded")
    return found.order_by().values(subject=F("account_id"), day=F("paid_on"), total=total, unit=F("currency"))


@purchases("receivables.won_alone", _("Won opportunities without a contract"))
def won_alone(label: str) -> QuerySet | None:
    """Deals of before there were contracts, and those that need none: no money is counted twice."""
    if label != ACCOUNT:
        return None
    contract = Contract.objects.filter(opportunity=OuterRef("pk"), deleted_at__isnull=True, state__in=OWED)
    won = Opportunity.objects.filter(state=Opportunity.State.WON, account__isnull=False, deleted_at__isnull=True)
    day = Coalesce("close_date", Cast("closed_at", DateField()), Cast("created_at", DateField()))
    rows = won.filter(~Exists(contract)).order_by()
    return rows.values(subject=F("account_id"), day=day, total=F("amount"), unit=F("currency"))
