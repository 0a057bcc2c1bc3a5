"""Working all values of computed fields out anew: after a change of a definition in a job, by the clock each night."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields import definitions
from crm.customfields.formulas.graph import FORMULA, ROLLUP, Computed, graph
from crm.customfields.formulas.spreading import BATCH, KIND, recompute
from crm.customfields.models import CustomField
from crm.customfields.services import listeners
from crm.jobs.kinds import job_kind
from crm.jobs.running import Running
from crm.jobs.services import start_job
from crm.records.actor import Actor

PATIENCE = 60.0


@job_kind(KIND, gettext_lazy("Recalculation"), icon="calculator", resumable=lambda job: True, quiet=True)
def run(running: Running) -> dict[str, Any]:
    """The values of some computed fields of an entity, batch by batch; ``ids`` says of which records, else of all."""
    definitions.look_again()
    model = apps.get_model(running.params["entity"])
    fields = _named(running.params["entity"], running.params["codes"])
    rows = model._base_manager.order_by("pk")
    if running.params.get("ids") is not None:
        rows = rows.filter(pk__in=running.params["ids"])
    if not running.checkpoint:
        others_end()
        running.set_total(rows.count())
    while ids := list(rows.filter(pk__gt=running.checkpoint.get("after", 0)).values_list("pk", flat=True)[:BATCH]):
        with running.batch() as step:
            step.updated = recompute(model, dict.fromkeys(fields, ids), user=running.job.user, wait=True)
            step.done, step.checkpoint = len(ids), {"after": ids[-1]}
    return {}


def _named(label: str, codes: list[str]) -> list[Computed]:
    known = graph().every
    found = [known.get((label, f"custom.{code}")) for code in codes]
    return [computed for computed in found if computed is not None and computed.key not in graph().broken]


def others_end(patience: float = PATIENCE) -> None:
    """Wait until the transactions that run now are over: they don't know of the new definition."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (until,) = cursor.fetchone()
        end = time.monotonic() + patience
        while time.monotonic() < end:
            cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] >= until or connection.in_atomic_block:
                return
            time.sleep(0.2)


def start(label: str, codes: list[str], *, user: Any, title: str) -> Any:
    """The job that works fields of an entity out for every record."""
    params = {"entity": label, "codes": sorted(codes), "ids": None}
    return start_job(KIND, user=user, params=params, title=_("Recalculation: %(what)s") % {"what": title})


def follow_definition(before: CustomField | None, after: CustomField, actor: Actor) -> None:
    """A computed field that is new, or worked out otherwise than before, is worked out for every record."""
    if after.kind in {FORMULA, ROLLUP} and after.active and (before is None or _shape(before) != _shape(after)):
        start(after.entity, [after.code], user=actor.user, title=after.label)


def _shape(field: CustomField) -> tuple:
    return field.kind, field.settings, field.decimals, field.active


listeners.append(follow_definition)


def nightly() -> int:
    """Work out what the clock moves, each batch in a transaction of its own; returns how many records differ."""
    definitions.look_again()
    count = 0
    for label, plan in sorted(graph().plans.items()):
        moved = [computed for computed in (*plan.rollups, *plan.formulas) if computed.by_itself]
        model = apps.get_model(label)
        for ids in _ids(model) if moved else ():
            with transaction.atomic():
                count += recompute(model, dict.fromkeys(moved, ids), user=None, wait=True)
    return count


def _ids(model: type[models.Model]) -> Iterator[list[int]]:
    after = 0
    while ids := list(
        model._base_manager.filter(deleted_at__isnull=True, pk__gt=after)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    ):
        after = ids[-1]
        yield ids
