"""From an entry to the runs of the rules that listen: judged when the outbox delivers it, once for each rule and entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from crm.matching.merging.links import EFFECT, stays
from crm.records.hooks import on_chosen
from crm.records.models import ChangeSet, Entry
from crm.workflows.book import ActiveRule, concerned
from crm.workflows.guard import origin, settle
from crm.workflows.history import History
from crm.workflows.models import RuleRun
from crm.workflows.verdicts import Judges
from crm.workflows.wake import wake_rules

stays("workflows.rulerun", "record_id", EFFECT)


def wanted(entries: Sequence[Entry]) -> Iterable[Entry]:
    """The entries that set off an active rule: only these cost a row of the outbox."""
    return [entry for entry, _rules in concerned(entries)]


@on_chosen(wanted, name="crm.workflows")
def look_at(entry: Entry) -> None:
    """Let each rule that listens judge the record as the entry left it; what fires is done by the engine."""
    found = concerned([entry])
    if not found or _is_undo(entry):
        return
    start(entry, found[0][1])


def start(entry: Entry, rules: Sequence[ActiveRule]) -> list[RuleRun]:
    """The runs of ``rules`` on the record of the entry."""
    parent, depth = origin(entry.cause)
    history = History(entry.at)
    judges = Judges(entry.entity)
    runs = []
    for rule in rules:
        run = RuleRun(
            rule_id=rule.rule_id,
            version_id=rule.version_id,
            entity=entry.entity,
            record_id=entry.record_id,
            title=entry.title,
            occurrence=f"entry:{entry.pk}",
            entry_id=entry.pk,
            entry_at=entry.at,
            parent_id=parent,
            depth=depth,
        )
        verdict = judges.judge(rule.principal_id, rule.condition, lambda fields: _past(history, entry, fields))
        settle(run, verdict)
        runs.append(run)
    RuleRun.objects.bulk_create(runs, ignore_conflicts=True)
    if any(run.state == RuleRun.State.DUE for run in runs):
        transaction.on_commit(wake_rules)
    return runs


def _past(history: History, entry: Entry, fields: Iterable[Any]) -> Any:
    return history.record_at(entry.entity, entry.record_id, entry.at, entry.pk, fields)


def _is_undo(entry: Entry) -> bool:
    """Taking something back sets off nothing: it would be done again."""
    if entry.change_set_id is None:
        return False
    return ChangeSet.objects.filter(pk=entry.change_set_id, kind="undo").exists()
