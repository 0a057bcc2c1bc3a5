"""A department with a seller and its head, a seller elsewhere, and who sees all."""

from __future__ import annotations

import pytest

from crm.access.models import Scope

LABELS = (
    "planning.target", "planning.forecastadjustment", "sales.opportunity", "contracts.contract", "receivables.instalment",
    "receivables.payment", "receivables.refund", "sales.lead", "activities.followup", "purchasing.bill",
    "purchasing.billpayment", "purchasing.purchaseorder", "deals.dealmember",
)  # fmt: skip


@pytest.fixture
def people(rep, other, make_user, grant, department):
    """``rep`` and ``boss`` are of one department; ``other`` is of none, ``chief`` sees all."""
    boss, chief = make_user("boss", department=department), make_user("chief")
    rep.department = department
    rep.save()
    for user, scope in ((rep, Scope.OWN), (other, Scope.OWN), (boss, Scope.DEPARTMENT), (chief, Scope.ALL)):
        for label in LABELS:
            wide = {} if scope < Scope.DEPARTMENT else {"add": scope, "change": scope, "delete": scope}
            grant(user, label, view=scope, **wide)
        grant(user, "sales.opportunity", add=Scope.OWN)
    return {"rep": rep, "other": other, "boss": boss, "chief": chief}
