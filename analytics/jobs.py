"""The scoring of all accounts as work that can be watched."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from analytics.rfm import score_all
from crm.jobs.kinds import job_kind
from crm.jobs.running import Running


@job_kind("analytics.rfm", _("RFM scoring"), icon="chart-dots", quiet=True)
def score(running: Running) -> dict:
    """All accounts, in one statement."""
    with running.batch() as step:
        run = score_all(actor=running.actor)
        step.updated = run.moved
    return {"run": run.pk, "moved": run.moved, "seconds": run.seconds}
