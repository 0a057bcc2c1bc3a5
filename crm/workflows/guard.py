"""Rules that set each other off: a chain that grows too long, or a rule that keeps coming back to a record, is stopped aloud."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from crm.workflows.engine import alarm
from crm.workflows.models import RuleRun
from crm.workflows.verdicts import Verdict

# So many rules may set each other off in a row; so often may one rule act on one record within a minute.
MAX_DEPTH = 8
MAX_A_MINUTE = 30
QUIET = (RuleRun.State.SKIPPED, RuleRun.State.REFUSED)


def origin(cause: str) -> tuple[int | None, int]:
    """(the run that caused an entry, how many rules stand before whatever it sets off)."""
    parent = RuleRun.id_of(cause)
    if parent is None:
        return None, 0
    depth = RuleRun.objects.filter(pk=parent).values_list("depth", flat=True).first()
    return (parent, depth + 1) if depth is not None else (None, 0)


def stop_reason(run: RuleRun) -> str:
    """Why a run that would fire must not; empty when nothing stands against it. An alarm on the rule tells of it."""
    if run.depth > MAX_DEPTH:
        text = _("“%(rule)s” was stopped on %(record)s: %(count)d rules had set each other off in a row.")
        alarm(run, text, count=run.depth)
        return "depth"
    if _recent(run) >= MAX_A_MINUTE:
        text = _("“%(rule)s” was stopped on %(record)s: it acted there %(count)d times within a minute.")
        alarm(run, text, count=MAX_A_MINUTE)
        return "often"
    return ""


def _recent(run: RuleRun) -> int:
    since = run.made_at - timedelta(minutes=1)
    runs = RuleRun.objects.filter(rule_id=run.rule_id, record_id=run.record_id, made_at__gte=since)
    return runs.exclude(state__in=QUIET).count()


def chain(run: RuleRun) -> list[RuleRun]:
    """The runs that led to this one, the first first, itself last."""
    found = [run]
    while found[0].parent_id is not None and len(found) <= MAX_DEPTH + 2:
        parent = RuleRun.objects.select_related("rule").filter(pk=found[0].parent_id).first()
        if parent is None:
            break
        found.insert(0, parent)
    return found


def settle(run: RuleRun, verdict: Verdict) -> None:
    """Give a new run its state: due when its condition holds and no guard stands against it."""
    run.lines = verdict.lines
    run.state, run.next_at = verdict.state, None
    if run.state == RuleRun.State.DUE:
        reason = stop_reason(run)
        if reason:
            run.state = RuleRun.State.STOPPED
            run.note({"t": "end", "why": reason})
        else:
            run.next_at = run.made_at
    if run.next_at is None:
        run.ended_at = run.made_at
