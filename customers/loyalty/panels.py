"""Points on the pages of accounts and contacts: the portrait beside the facts, the statement as a tab."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel, record_tab
from customers.loyalty.ledger import MEMBERSHIPS
from customers.loyalty.models import MemberLevel, PointsEntry, PointsLot, Referral

PAGE = 50
SOON = 30


def knows(record: Any, user: Any) -> bool:
    """Whether the user may know the points of the record."""
    return bool(bind(registry[record.entity_label()], user).readable(["points.balance"]))


def is_member(record: Any, user: Any) -> bool:
    """Whether the record is a member, and the user may know its points; no query where the membership came with the record."""
    membership = getattr(record, "membership", None)
    return membership is not None and membership.joined_at is not None and knows(record, user)


def portrait(record: Any, user: Any) -> dict | None:
    """Level, points, the way to the next level, what expires soon; nothing for who is no member."""
    if not is_member(record, user):
        return None
    membership = record.membership
    following = MemberLevel.objects.filter(threshold__gt=membership.earned).first()
    return {
        "record": record,
        "membership": membership,
        "following": following,
        "missing": following.threshold - membership.earned if following else 0,
        "soon": soon(record),
        "invited": _invited(record, user),
    }


def _invited(record: Any, user: Any) -> int | None:
    if record.entity_label() != "customers.contact" or not bind(registry["loyalty.referral"], user).can("view"):
        return None
    return Referral.objects.restrict(user).filter(inviter=record).count()


def soon(record: Any) -> dict[str, Any]:
    """How many points expire next, and when, if it is soon."""
    mine = PointsLot.objects.filter(entity=record.entity_label(), record_id=record.pk, left__gt=0)
    found = (
        mine.filter(expires_on__isnull=False).values("expires_on").annotate(points=Sum("left")).order_by("expires_on")
    )
    row = found.first()
    return row if row and (row["expires_on"] - localdate()).days <= SOON else {}


def statement(record: Any, before: str = "") -> tuple[list[PointsEntry], int | None]:
    """The movements, the latest first, and where earlier ones go on."""
    rows = PointsEntry.objects.filter(entity=record.entity_label(), record_id=record.pk).select_related("actor")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def _statement_tab(record: Any, user: Any) -> dict:
    entries, earlier = statement(record)
    bound = bind(registry[record.entity_label()], user)
    return {
        "record": record,
        "label": record.entity_label(),
        "entries": entries,
        "earlier": earlier,
        "may_export": bound.can("export"),
        "membership": record.membership if is_member(record, user) else None,
    }


for label in MEMBERSHIPS:
    panel(label, slot="side", template="loyalty/portrait.html", order=-15, later=is_member)(portrait)
    record_tab(label, "points", _("Points"), icon="coins", template="loyalty/statement.html", when=knows)(
        _statement_tab
    )
