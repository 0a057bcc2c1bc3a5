"""The scoring of all accounts, or persons, as work that can be watched."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from analytics.models import Of
from analytics.rfm import score_all
from crm.jobs.kinds import job_kind
from crm.jobs.running import Running


@job_kind("analytics.rfm", _("RFM scoring"), icon="chart-dots", quiet=True)
def score(running: Running) -> dict:
    """All of an entity, in one statement."""
    with running.batch() as step:
        run = score_all(running.params.get("of", Of.ACCOUNT), actor=running.actor)
        step.updated = run.moved
    return {"run": run.pk, "moved": run.moved, "seconds": run.seconds}
