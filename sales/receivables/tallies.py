"""What contracts, instalments and payments that somebody sees come to, read from the tallies that the database keeps."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet, Value

from crm.access import policy
from sales.contracts.models import Contract
from sales.receivables.models import ContractTally, Instalment, InstalmentTally, Payment, PaymentTally

OPEN = F("amount") - F("received") - F("written_off")
# The tally, whose records the reader must see, and how a row that reaches them by a share of its own says the same.
KEPT: dict[Any, tuple[Any, Any, dict[str, Any]]] = {
    Contract: (ContractTally, Contract, {"day": F("signed_on"), "rest": F("amount")}),
    Instalment: (InstalmentTally, Contract, {"day": F("due_on"), "rest": OPEN}),
    Payment: (PaymentTally, Payment, {"day": F("paid_on"), "rest": F("amount") - F("refunded")}),
}


def sums(user: Any, model: Any, where: Q) -> list[QuerySet]:
    """Query sets whose rows are to be added up: ``state``, ``currency``, ``day``, ``records``, ``amount``, ``rest``; all but
    those of instalments have ``owner`` and ``department``, too. ``where`` is a condition on these.

    ``day`` is exact for what is to be paid; of all else it says no more than the month.
    """
    if not policy.can(user, policy.entity_label(model), "view"):
        return []
    tally, holder, columns = KEPT[model]
    found = [tally.objects.restrict(user).filter(where)]
    if (beyond := policy.shared_beyond(user, holder)) is not None:
        rows = model.objects.restrict(user)
        shared = holder.objects.restrict(user).filter(beyond)
        rows = rows.filter(pk__in=shared) if holder is model else rows.filter(contract__in=shared)
        found.append(rows.annotate(records=Value(1), **columns).filter(where))
    return found
