"""Mass changes too large for a request."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.entities import undo_job  # noqa: F401 - so that workers know its kind
from crm.entities.bound import bind
from crm.entities.bulk import Outcome, Selection, apply, batches, bulk_form, values_of, verb_of
from crm.entities.entity import registry
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.records.models import ChangeSet


def of_job(job: Job) -> dict[str, Any]:
    """What the page of a mass change shows when it is done."""
    refused = (job.checkpoint or {}).get("refused", {})
    return {
        "refused": sorted(refused.items()),
        "changes": job.params["changes"],
        "list_url": registry[job.params["entity"]].url("list"),
    }


@job_kind("entities.bulk", _("Mass change"), icon="list-check", template="entities/bulk_job.html", context=of_job)
def run_bulk(running: Running) -> dict[str, Any]:
    """The change in batches of its own; a batch commits with the checkpoint after it, so that nothing is done twice."""
    params = running.params
    bound, op = bind(registry[params["entity"]], running.job.user), params["op"]
    form = bulk_form(bound, op, QueryDict(params["data"]))
    if form is not None and not form.is_valid():
        raise JobError("; ".join(map(str, form.non_field_errors())) or str(_("The values do not fit any more.")))
    changes = ChangeSet.objects.get(pk=params["changes"])
    rows = Selection(bound, params["selection"]).rows(params["action"]).filter(pk__lte=params["last"])
    values: dict[str, models.Model | Any] = values_of(form) if form else {}
    for batch in batches(rows, running.checkpoint.get("after", 0)):
        after, outcome = batch[-1].pk, Outcome(refused=dict(running.checkpoint.get("refused", {})))
        refused = sum(outcome.refused.values())
        with running.batch() as step:
            apply(verb_of(bound, op) or op, batch, values, actor=running.actor, changes=changes, outcome=outcome)
            step.updated, step.failed = outcome.changed, sum(outcome.refused.values()) - refused
            step.done = len(batch)
            step.checkpoint = {"after": after, "refused": outcome.refused}
    return {"changes": changes.pk}
