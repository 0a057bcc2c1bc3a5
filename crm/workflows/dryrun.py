"""What a rule would have done over the last days: judged on the log, record by record as it was, writing nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.fields.conditions import ConditionError
from crm.records.models import ChangeSet, Entry
from crm.workflows import steps as walk
from crm.workflows.history import History
from crm.workflows.judging import judge, read_condition
from crm.workflows.models import Rule, RuleRun
from crm.workflows.moments import next_time
from crm.workflows.timing import matching, occurrences
from crm.workflows.triggers import listens, own_triggers
from crm.workflows.verdicts import Judges, Verdict

MOST = 2000
BATCH = 5000
State = RuleRun.State


@dataclass
class Trial:
    """What would have happened at one moment: the state in which the run would stand after its first steps."""

    record_id: int
    title: str
    at: datetime
    state: str
    lines: list[dict[str, Any]]
    entry_id: int | None = None


@dataclass
class DryRun:
    """All trials, the latest first; ``capped`` when there were more than are looked at."""

    trials: list[Trial] = field(default_factory=list)
    capped: bool = False
    note: str = ""

    @property
    def counts(self) -> Counter:
        return Counter(trial.state for trial in self.trials)

    @property
    def fired(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.state != State.SKIPPED]


def dry_run(rule: Rule, said: Any, *, days: int, now: datetime | None = None) -> DryRun:
    """Try ``said`` (a version, or anything with trigger, condition and steps) on what happened in the last ``days``."""
    now = now or timezone.now()
    since = now - timedelta(days=days)
    trigger = said.trigger["on"]
    if trigger in listens:
        return _on_entries(rule, said, since)
    if trigger == "date":
        return _on_dates(rule, said, since, now)
    return _on_all(rule, said, now)


def historic(entity: str, trigger: dict[str, Any], since: datetime) -> tuple[list[Entry], bool]:
    """The latest entries that would have set it off, newest first, and whether there were more."""
    entries = Entry.objects.filter(entity=entity, at__gte=since).order_by("-at", "-id")
    if trigger["on"] == "kind":
        entries = entries.filter(kind__in=trigger["kinds"])
    elif own := own_triggers.get(trigger["on"]):
        entries = entries.filter(kind=own.kind)
    undone = set(ChangeSet.objects.filter(kind="undo", at__gte=since).values_list("pk", flat=True))
    found: list[Entry] = []
    for entry in entries.iterator(chunk_size=BATCH):
        if listens[trigger["on"]](trigger, entry) and entry.change_set_id not in undone:
            if len(found) == MOST:
                return found, True
            found.append(entry)
    return found, False


def _on_entries(rule: Rule, said: Any, since: datetime) -> DryRun:
    entries, capped = historic(rule.entity, said.trigger, since)
    if not entries:
        return DryRun()
    history = History(entries[-1].at)
    ids = {entry.record_id for entry in entries}
    history.load(rule.entity, ids)
    judges = Judges(rule.entity)
    judges.may_see_all(rule.principal_id, ids)
    trials = []
    for entry in entries:
        rehearsal = Rehearsal(rule, said, judges, ids)

        def read(fields: Iterable[Any], entry: Entry = entry) -> Any:
            return history.record_at(rule.entity, entry.record_id, entry.at, entry.pk, fields)

        state, lines = rehearsal.of(read)
        trials.append(Trial(entry.record_id, entry.title, entry.at, state, lines, entry.pk))
    return DryRun(trials, capped)


def _on_dates(rule: Rule, said: Any, since: datetime, now: datetime) -> DryRun:
    found = sorted(occurrences(rule, said.trigger, since, now), key=lambda pair: pair[1], reverse=True)
    history, judges = History(since), Judges(rule.entity)
    ids = {row.pk for row, _moment in found[:MOST]}
    history.load(rule.entity, ids)
    judges.may_see_all(rule.principal_id, ids)
    trials = []
    for row, moment in found[:MOST]:

        def read(fields: Iterable[Any], row: Any = row, moment: datetime = moment) -> Any:
            return history.record_at(rule.entity, row.pk, moment, None, fields)

        state, lines = Rehearsal(rule, said, judges, ids).of(read)
        trials.append(Trial(row.pk, str(row), moment, state, lines))
    return DryRun(trials, len(found) > MOST, _("Dates are taken as they stand now."))


def _on_all(rule: Rule, said: Any, now: datetime) -> DryRun:
    """A schedule or a button: the records on which it would act now."""
    judges = Judges(rule.entity)
    rows = matching(judges.bound(rule.principal_id), said.condition)
    found = list(rows.order_by("pk")[: MOST + 1]) if rows is not None else []
    ids = {row.pk for row in found}
    judges.may_see_all(rule.principal_id, ids)
    at = next_time(said.trigger, now) if said.trigger["on"] == "schedule" else now
    trials = []
    for row in found[:MOST]:
        state, lines = Rehearsal(rule, said, judges, ids).of(lambda _fields, row=row: row)
        trials.append(Trial(row.pk, str(row), at, state, lines))
    return DryRun(trials, len(found) > MOST, _("These are the records that match now."))


class Rehearsal:
    """One run gone through in memory: forms are validated and applied to a copy, nothing is saved or sent."""

    def __init__(self, rule: Rule, said: Any, judges: Judges, ids: Iterable[int]) -> None:
        self.rule, self.said, self.judges, self.ids = rule, said, judges, ids
        self.lines: list[dict[str, Any]] = []
        self.record: Any = None

    def of(self, read: Any) -> tuple[str, list[dict[str, Any]]]:
        """(state, trace) of the run on the record that ``read(fields)`` gives."""
        self.read = read
        verdict: Verdict = self.judges.judge(self.rule.principal_id, self.said.condition, read)
        self.lines = list(verdict.lines)
        if not verdict.fires:
            return verdict.state, self.lines
        self.bound: BoundEntity = self.judges.bound(self.rule.principal_id)
        self.record = copy(read([f for group in self._groups() for f in group]))
        path = walk.enter(self.said.steps, [0])
        while path is not None:
            result = self._step(path)
            if isinstance(result, str):
                return result, self.lines
            path = result
        return State.DONE, self.lines

    def _groups(self) -> Iterable[list[Any]]:
        for _path, step in walk.every_step(self.said.steps):
            if step["do"] == "if":
                try:
                    yield [test.field for test in read_condition(self.bound, step["when"]).tests()]
                except ConditionError:
                    continue

    def _step(self, path: walk.Path) -> Any:
        """The next path (None: the end), or the state in which the run would stay."""
        step = walk.step_at(self.said.steps, path)
        assert step is not None
        match step["do"]:
            case "effect":
                state = self._effect(path, step)
                return state or walk.following(self.said.steps, path)
            case "if":
                return self._branch(path, step)
            case "wait":
                self.lines.append({"t": "wait", "at": path})
                return State.WAITING
        self.lines.append({"t": "stop", "at": path})
        return State.DONE

    def _branch(self, path: walk.Path, step: walk.Step) -> Any:
        try:
            group = read_condition(self.bound, step["when"])
        except ConditionError as error:
            self.lines.append({"t": "if", "at": path, "ok": False, "said": error.messages[0]})
            return State.REFUSED
        holds, found = judge(group, self.record, self.bound.reader())
        self.lines.append({"t": "if", "at": path, **found})
        return walk.enter(self.said.steps, [*path, "then" if holds else "else", 0])

    def _effect(self, path: walk.Path, step: walk.Step) -> str:
        """Empty when it would be done; else the state in which the run would end."""
        line = {"t": "effect", "at": path, "effect": step["effect"], "params": step["params"]}
        state, said = self._would(step)
        self.lines.append(line | {"ok": not state, "said": said})
        return state

    def _would(self, step: walk.Step) -> tuple[str, str]:
        bound = self.bound
        try:
            found = effects.effect_of(step["effect"], bound.entity)
        except LookupError as error:
            return State.FAILED, str(error.args[0])
        if not self.judges.may(self.rule.principal_id, self.record.pk, found.permission, self.ids):
            return State.REFUSED, _("Not allowed")
        refused = effects.rehearse(step["effect"], self.record, step["params"], user=bound.user)
        if refused is None:
            return "", effects.describe(step["effect"], bound.entity, step["params"], bound.user)
        return (State.REFUSED if refused[0] else State.FAILED), refused[1]
