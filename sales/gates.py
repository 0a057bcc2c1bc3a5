"""Stage gates of opportunities: where they are kept, and since when an opportunity stands where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from crm.approvals.gating import Gate, GateSource, gate_source
from sales.models import Opportunity, Stage, StageGate
from sales.services import move_stage


def find(pairs: Sequence[tuple[Any, Any]]) -> list[list[Gate]]:
    """The gates before each (from, to); one query for all, two more where there are some."""
    wanted = {to for _before, to in pairs}
    rows = StageGate.objects.filter(active=True, to_stage__in=wanted)
    rows = rows.filter(Q(from_stage__isnull=True) | Q(from_stage__in={before for before, _to in pairs}))
    found = list(rows.select_related("approval", "principal").prefetch_related("roles")) if wanted else []
    return [
        [gate for gate in found if gate.to_stage_id == to and gate.from_stage_id in {None, before}]
        for before, to in pairs
    ]


def since(opportunity: Opportunity) -> datetime | None:
    """When it came into its stage."""
    return opportunity.stage_entered_at


def name(pk: int) -> str:
    """What a stage is called; LookupError when there is none."""
    called = Stage.objects.filter(pk=pk).values_list("name", flat=True).first()
    if called is None:
        raise LookupError(pk)
    return called


def carry(opportunity: Opportunity, to: int) -> dict[str, Any]:
    """The move as an effect."""
    return {"effect": "do:move", "params": {"stage": str(to)}}


SOURCE = gate_source(GateSource("sales.opportunity", "stage", find, since, name, move_stage, carry))
