"""Traces are kept for a while: those of rules that did not apply shorter than those of what was done."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from crm.workflows.models import RuleRun

BATCH = 5000
# No date trigger looks further back than this, so that nothing fires again once its trace is gone.
SHORTEST = timedelta(days=7)


def prune(now: datetime | None = None) -> int:
    """Delete runs that ended long ago, in batches; how many."""
    now = now or timezone.now()
    done = max(timedelta(days=settings.RULE_TRACE_DAYS), SHORTEST)
    looked = max(min(done, timedelta(days=30)), SHORTEST)
    ended = RuleRun.objects.exclude(state__in=RuleRun.OPEN)
    deleted = _delete(ended.filter(state=RuleRun.State.SKIPPED, made_at__lt=now - looked))
    return deleted + _delete(ended.filter(made_at__lt=now - done))


def _delete(runs) -> int:
    total = 0
    while ids := list(runs.order_by("made_at").values_list("pk", flat=True)[:BATCH]):
        total += RuleRun.objects.filter(pk__in=ids).delete()[0]
    return total
