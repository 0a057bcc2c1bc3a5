"""Applying the rules to all accounts, as one change set that can be undone."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import Running
from crm.jobs.services import start_job
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from customers.levels.models import LevelRule
from customers.levels.services import apply, batches, to_change

LABEL = "customers.account"


def of_job(job: Job) -> dict[str, Any]:
    """What the page of the job shows when it is done."""
    return {"refused": [], "changes": job.params["changes"], "list_url": "/customers/accounts/"}


@job_kind(
    "levels.apply", gettext_lazy("Level rules"), icon="stairs-up", template="entities/bulk_job.html", context=of_job
)
def run_rules(running: Running) -> dict[str, Any]:
    """Batch by batch; one that was written is not found again, so that a second attempt goes on."""
    target, changes = running.params["target"], ChangeSet.objects.get(pk=running.params["changes"])
    now = timezone.now()
    running.set_total(to_change(target, now).count())
    for batch in batches(target, now, running.checkpoint.get("after", 0)):
        with running.batch() as step:
            step.updated, step.failed = apply(batch, target, actor=running.actor, changes=changes)
            step.done, step.checkpoint = len(batch), {"after": batch[-1].pk}
    return {"changes": changes.pk}


def start(target: str, *, actor: Actor) -> Job:
    """Queue the rules of a field."""
    title = str(_("Level rules: %(field)s") % {"field": LevelRule.Target(target).label})
    changes = records.change_set("levels", actor=actor, entity=LABEL, title=title)
    params = {"target": target, "changes": changes.pk}
    return start_job("levels.apply", user=actor.user, params=params, title=title)
