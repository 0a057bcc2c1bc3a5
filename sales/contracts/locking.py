"""What of a contract stands fast in which state."""

from __future__ import annotations

from sales.contracts.models import Contract

State = Contract.State
OPEN = (State.DRAFT, State.APPROVING)
AGREED = frozenset({
    "title", "kind", "account", "opportunity", "quote", "framework", "amount", "currency", "tax_included",
    "discount_percent", "discount_amount", "payment_terms", "template", "clauses",
})  # fmt: skip
SIGNED = AGREED | {"starts_on", "ends_on", "signed_on"}


def locked_fields(contract: Contract) -> frozenset[str]:
    """What changes by a contract change alone."""
    if contract.state in OPEN:
        return frozenset()
    if contract.state == State.APPROVED:
        return AGREED
    if contract.state == State.SIGNED:
        return SIGNED - {"starts_on"}
    return SIGNED
