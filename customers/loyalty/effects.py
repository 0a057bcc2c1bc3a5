"""Points as a step of rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.effects import ParamsForm, effect
from crm.entities.inputs import LineField, WholeInput
from crm.records.actor import Actor
from crm.records.models import Record
from customers.loyalty.ledger import MEMBERSHIPS, give
from customers.loyalty.models import MOST


class GivePointsForm(ParamsForm):
    """How many, and what the statement says."""

    points = WholeInput(label=gettext_lazy("Points"), min_value=1, max_value=MOST)
    reason = LineField(label=gettext_lazy("What for"), max_length=300)


@effect(
    "give_points", gettext_lazy("Give points"), "coins",
    form=GivePointsForm, permission="points", fits=lambda entity: entity.label in MEMBERSHIPS,
)  # fmt: skip
def give_points(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """They count for the level and expire like all that is earned."""
    give(record, params["points"], actor=actor, reason=params["reason"])
    return _("Gave %(points)s points.") % {"points": params["points"]}
