"""What all new records of an import have in common: their source, and the pool for those whom no rule gives to anybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from crm.exchange.importing.makers import can_make, make
from crm.exchange.importing.rows import Row
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import
from crm.ownership.kinds import POOLED
from crm.ownership.models import Pool
from crm.ownership.pools import Placing, into_pool, pools_for
from crm.records.actor import Actor

# The choice “the pool that takes them”, instead of a pool.
FITTING = "fitting"


class Label:
    """The choices of the last step, made ready; whoever chose them may have lost the right to make sources since."""

    def __init__(self, run: Import, target: Target, actor: Actor) -> None:
        self.run, self.target, self.actor = run, target, actor
        self.name: str = run.options.get("label") or ""
        chosen = run.options.get("pool")
        pools = pools_for(run.label) if chosen and getattr(target, "takes_pools", False) else Pool.objects.none()
        self.pools = list(pools if chosen == FITTING else pools.filter(pk=chosen))
        self.fitting = Placing(run.label, timezone.now(), self.pools) if chosen == FITTING else None
        self.source: Any = None
        self.owners = [entry["index"] for entry in run.mapping if entry["to"] == "field:owner"]

    def put(self, new: Sequence[Row]) -> None:
        """Give new records the source, where no column did."""
        if not self.name or not new:
            return
        if self.source is None:
            model = self.target.fields["source"].link
            found = model._default_manager.filter(name=self.name).first()
            if found is None and can_make(self.target.user, model):
                found = make(
                    model, [self.name], user=self.run.user, within=None, actor=self.actor, changes=self.run.changes
                )[self.name]
            self.source = found
        for row in new:
            if self.source is not None and row.record.source_id is None:
                row.record.source = self.source

    def place(self, new: Sequence[Row]) -> None:
        """Put into the pool what neither a column nor a rule gave to anybody; what no pool takes stays with who imports."""
        if not self.pools:
            return
        mine = [
            row.record
            for row in new
            if row.record.pk and row.record.owner_id == self.run.user_id and not self._names_owner(row)
        ]
        chosen: dict[Pool, list[Any]] = defaultdict(list)
        for record in dict.fromkeys(mine):
            pool = self.fitting.pool_of(record) if self.fitting else self.pools[0]
            if pool is not None:
                chosen[pool].append(record)
        for pool, some in chosen.items():
            into_pool(some, pool, actor=self.actor, kind=POOLED, changes=self.run.changes)

    def _names_owner(self, row: Row) -> bool:
        return any(row.cells[index].strip() for index in self.owners if index < len(row.cells))
