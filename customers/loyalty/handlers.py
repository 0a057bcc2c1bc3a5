"""The verbs of points on accounts and contacts, and what goes with a record that is removed for good."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, contribute
from crm.records.actor import Actor
from crm.records.hooks import on_purge
from customers.loyalty import merging  # noqa: F401 - registers itself
from customers.loyalty.forms import AdjustForm, PointsForm
from customers.loyalty.ledger import MEMBERSHIPS
from customers.loyalty.models import PointsEntry
from customers.loyalty.services import adjust_points, redeem_points


def is_member(record: Any) -> bool:
    """Whether there are points to spend."""
    membership = getattr(record, "membership", None)
    return bool(membership and membership.balance)


for label in MEMBERSHIPS:
    contribute(
        label,
        Action(
            "redeem_points", _("Redeem points"), redeem_points, "gift", PointsForm, "points", is_member, automatic=False
        ),
    )
    contribute(
        label,
        Action("adjust_points", _("Adjust points"), adjust_points, "coins", AdjustForm, "points", automatic=False),
    )


@on_purge
def forget_points(model: type, ids: list[int], actor: Actor) -> None:
    """The ledger of who is removed for good goes too."""
    if model._meta.label_lower in MEMBERSHIPS:
        PointsEntry.objects.filter(entity=model._meta.label_lower, record_id__in=ids).delete()
