"""What record pages show of money."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from crm.access import policy
from crm.entities.panels import panel
from sales.receivables.models import BankStatement


@panel("receivables.bankstatement", slot="top", template="receivables/read_statement.html")
def read_statement(record: BankStatement, user: Any) -> dict | None:
    """Where a file of the bank is read in, for who may change the statement."""
    if record.deleted_at is not None or not policy.can_record(user, record, "change"):
        return None
    return {"url": reverse("receivables:read_statement", args=[record.pk])}
