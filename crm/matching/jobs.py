"""Long work on duplicates, found by the workers under this name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.matching.claims import fill
from crm.matching.keys import VERSION, is_matched, matched_labels
from crm.matching.models import KeyState, MatchRule
from crm.matching.scan import refresh_keys, scan

SCAN, FILL = "matching.scan", "matching.fill"


def start_scan(label: str, *, user: Any) -> Job:
    """Look for duplicates among all records of an entity."""
    return start_job(SCAN, user=user, params={"entity": label}, title=str(_("Look for duplicates")))


def start_fill(rule: MatchRule, *, user: Any) -> Job:
    """Let a rule take hold of what is there."""
    return start_job(FILL, user=user, params={"rule": rule.pk}, title=str(rule))


def scan_all() -> None:
    """Each night: all pairs anew."""
    for label in matched_labels():
        start_scan(label, user=None)


@job_kind(SCAN, _("Look for duplicates"), icon="copy", resumable=lambda job: True, quiet=True)
def run_scan(running: Running) -> dict[str, Any]:
    """Keys that an older version worked out are renewed first, batch by batch; then all pairs in one step."""
    label = running.params["entity"]
    if not is_matched(label):
        raise JobError(_("Duplicates are not looked for here."))
    state = KeyState.objects.filter(entity=label).first()
    while state is None or state.version != VERSION:
        with running.batch() as step:
            after, step.done = refresh_keys(label, running.checkpoint.get("after", 0))
            step.checkpoint = {"after": after}
        if not after:
            break
    found = scan(label, running.report)
    return {"entity": label, "pairs": found}


@job_kind(FILL, _("Apply a duplicate rule"), icon="shield-check", resumable=lambda job: True)
def run_fill(running: Running) -> dict[str, Any]:
    """The oldest record of each value holds it; the others are only counted: they are on the list of duplicates."""
    rule = MatchRule.objects.filter(pk=running.params["rule"]).first()
    if rule is None:
        raise JobError(_("The rule is gone."))
    return {"rule": rule.pk, "beside": fill(rule, running.report)}
