"""On the page of a sale: against whom, with whom, and whether anything was learnt from it."""

from __future__ import annotations

from typing import Any

from crm.access import policy
from crm.entities.bound import bind, knows
from crm.entities.entity import registry
from crm.entities.panels import panel
from sales.deals.models import DealMember, DealReview
from sales.deals.team import parts_of
from sales.models import Opportunity

SALE = "sales.opportunity"
REVIEW, MEMBER = "deals.dealreview", "deals.dealmember"


def closed(record: Opportunity, user: Any) -> bool:
    """Whether there may be a review."""
    return record.state != Opportunity.State.OPEN and policy.can(user, REVIEW, "view")


@panel(SALE, slot="side", template="deals/review.html", order=-24, later=closed)
def deal_review(record: Opportunity, user: Any) -> dict | None:
    """The review of a closed sale, or the way to write it."""
    bound = bind(registry[REVIEW], user)
    found = DealReview.objects.restrict(user).filter(opportunity=record, deleted_at__isnull=True).first()
    if found is None:
        may = bound.can("add") and policy.can_record(user, record, "change")
        return {"add_url": f"{bound.url('add')}?opportunity={record.pk}"} if may else None
    fields = [(field, field.text(found)) for field in bound.visible(["factor", "went_well", "went_wrong", "lesson"])]
    return {"url": bound.url("record", found.pk), "facts": [(f.label, text) for f, text in fields if text]}


@panel(
    SALE,
    slot="side",
    template="deals/team.html",
    order=-15,
    later=lambda record, user: policy.can(user, MEMBER, "view"),
)
def deal_team(record: Opportunity, user: Any) -> dict | None:
    """Who sells it together, with their parts of the revenue."""
    known = bind(registry[MEMBER], user).readable(["user", "role", "share"])
    team = DealMember.objects.restrict(user).filter(opportunity=record, deleted_at__isnull=True)
    members = list(team.select_related("user").order_by("-share", "pk"))
    if not members or "user" not in known:
        return None
    owner = record.owner if knows(user, SALE, "owner") else None
    rest = parts_of(record).get(record.owner_id) if owner and "share" in known else None
    return {"members": members, "known": set(known), "owner": owner, "rest": rest}
