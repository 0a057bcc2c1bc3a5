"""Stage gates of opportunities: where they are kept, and since when an opportunity stands where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from crm.approvals.gating import Gate, GateSource, gate_source
from crm.customfields import definitions
from sales.models import Opportunity, Stage, StageGate
from sales.services import move_stage


def find(pairs: Sequence[tuple[Any, Any]]) -> list[list[Gate]]:
    """The gates before each (from, to); no query but where there are some: what they lead to is read anew each time."""
    found = [[copy(gate) for gate in _standing(before, to)] for before, to in pairs]
    prefetch_related_objects([gate for gates in found for gate in gates], "approval", "principal", "roles")
    return found


def guarded(before: Any, to: Any) -> bool:
    """Whether there is a gate before the move."""
    return any(_standing(before, to))


def _standing(before: Any, to: Any) -> Iterator[StageGate]:
    known = definitions.kept("sales.gates", lambda: list(StageGate.objects.filter(active=True)))
    return (gate for gate in known if gate.to_stage_id == to and gate.from_stage_id in {None, before})


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
