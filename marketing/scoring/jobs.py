"""Scoring everything after the rules were changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.jobs.kinds import job_kind
from crm.jobs.running import Running
from marketing.scoring.services import score


@job_kind("scoring.score", _("Fit scores"), icon="target", quiet=True)
def score_all(running: Running) -> dict:
    """All records of an entity; that the rules changed is no news to their owners."""
    with running.batch() as step:
        step.updated = score(running.params["of"], tell=False)
    return {}
