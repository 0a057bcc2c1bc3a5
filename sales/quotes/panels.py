"""What the page of a quote shows beside its facts."""

from __future__ import annotations

from typing import Any

from crm.access import policy
from crm.documents.panels import shows_documents
from crm.entities.panels import panel
from sales.catalogue.discounts import needs_approval
from sales.quotes.links import link_of
from sales.quotes.models import Quote
from sales.quotes.sending import under_way

State = Quote.State


@panel("quotes.quote", slot="side", template="quotes/panel.html", order=-30)
def customer_side(record: Quote, user: Any) -> dict | None:
    """The customer's link, for who may work on the quote, and what proves their answer; of a draft, what it will ask for."""
    if not policy.can_record(user, record, "change"):
        return None
    link = link_of(record) if record.state in (State.SENT, State.ACCEPTED) else ""
    waiting = record.state in (State.DRAFT, State.APPROVING)
    reasons = [reason.text for reason in needs_approval(record, user)] if waiting else []
    proof = record.proof if record.state == State.ACCEPTED else {}
    if not (link or reasons or proof):
        return None
    return {"record": record, "link": link, "reasons": reasons, "proof": proof}


@panel("quotes.quote", slot="side", template="quotes/sending.html", order=-40)
def on_its_way(record: Quote, user: Any) -> dict | None:
    """Its PDF is being prepared for the mail, or could not be."""
    if record.state not in (State.APPROVED, State.SENT) or not policy.can_record(user, record, "change"):
        return None
    job = under_way(record, user)
    return {"record": record, "job": job} if job is not None else None


# The drafts live there: each print is a version.
for label in ("quotes.quote", "contracts.contract", "sales.opportunity", "customers.account"):
    shows_documents(label)
