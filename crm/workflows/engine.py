"""Doing what rules say: one run at a time, each in one transaction with all its effects, so that a kill leaves all or nothing."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities import effects
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.fields.conditions import ConditionError
from crm.records.actor import Actor
from crm.records.errors import Conflict, Protected
from crm.records.services import change_set
from crm.reference.calendars import worktime_of
from crm.users.models import User
from crm.workflows import steps as walk
from crm.workflows.history import History
from crm.workflows.judging import judge, read_condition
from crm.workflows.models import RuleRun
from crm.workflows.moments import after, moment_of, quiet_until

logger = structlog.get_logger(__name__)

MAX_TRIES = 5
State = RuleRun.State


def advance(*, seconds: float = 20) -> int:
    """Go on with every run that is due, until nothing is or ``seconds`` have passed; how many. Any number may run at once."""
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end and _advance_next():
        done += 1
    return done


def advance_one(pk: int) -> bool:
    """Go on with one run now, if it is due and nobody holds it."""
    return _advance_next(pk)


def _advance_next(pk: int | None = None) -> bool:
    with transaction.atomic():
        run = _claim(pk)
        if run is None:
            return False
        try:
            with transaction.atomic():
                Walk(run).go()
                run.save()
        except Exception as error:  # noqa: BLE001 - noted on its row and tried again; it never stops the others
            _postpone(run.pk, error)
    return True


def _claim(pk: int | None = None) -> RuleRun | None:
    """The run due longest (or that one) that nobody holds and that no earlier one about the same record holds back."""
    earlier = RuleRun.objects.filter(
        state=State.DUE, entity=OuterRef("entity"), record_id=OuterRef("record_id"), id__lt=OuterRef("id")
    )
    due = RuleRun.objects.filter(~Exists(earlier), state__in=RuleRun.OPEN, next_at__lte=timezone.now())
    due = due.select_related("rule", "version", "changes")
    due = due.filter(pk=pk) if pk is not None else due
    return due.order_by("next_at", "id").select_for_update(skip_locked=True, of=("self",)).first()


def _postpone(pk: int, error: Exception) -> None:
    run = RuleRun.objects.get(pk=pk)
    run.tries += 1
    run.error = f"{type(error).__name__}: {error}"[:2000]
    run.next_at = timezone.now() + timedelta(seconds=min(600, 2**run.tries))
    if run.tries >= MAX_TRIES:
        run.state, run.ended_at = State.FAILED, timezone.now()
        run.note({"t": "broken", "said": run.error})
        alarm(run, _("“%(rule)s” failed on %(record)s: %(error)s"), error=run.error[:200])
        logger.error("rule_run_failed", run=run.pk, rule=run.rule_id, error=run.error)
    run.save(update_fields=["tries", "error", "next_at", "state", "ended_at", "lines"])


def alarm(run: RuleRun, text: str, *, once: bool = False, **values: Any) -> None:
    """Show on the rule that something needs an admin; ``once``: unless something is shown there already."""
    told = text % {"rule": run.rule.name, "record": run.title, **values}
    rules = type(run.rule).objects.filter(pk=run.rule_id)
    (rules.filter(alarm="") if once else rules).update(alarm=told[:1000], alarm_at=timezone.now())


class Walk:
    """One run going through its steps until it waits or ends."""

    def __init__(self, run: RuleRun, now: datetime | None = None) -> None:
        self.run, self.now = run, now or timezone.now()
        self.steps = run.version.steps
        self.entity = registry.get(run.entity)
        self.principal = User.objects.select_related("department").get(pk=run.rule.principal_id)
        self.record: Any = None
        self.held_at = run.place if run.state == State.WAITING else None
        self.actor = Actor(self.principal, run.cause, run.changes)

    def go(self) -> None:
        """Do every step that can be done now."""
        with translation.override(self.principal.language or settings.LANGUAGE_CODE):
            if not self._may_start():
                return
            path = self._next(walk.enter(self.steps, self.run.place or [0]))
            while path is not None:
                path = self._step(path)

    def _may_start(self) -> bool:
        rule, run = self.rule, self.run
        if not rule.active:
            return self._end(State.STOPPED, "off")
        if self.entity is None:
            return self._end(State.FAILED, "no_entity")
        model = apps.get_model(run.entity)
        self.record = model._base_manager.select_for_update(of=("self",)).filter(pk=run.record_id).first()
        if self.record is None or self.record.deleted_at:
            return self._end(State.STOPPED, "gone")
        if not self.principal.is_active or not policy.can_record(self.principal, self.record, "view"):
            return self._end(State.REFUSED, "principal")
        self.bound = bind(self.entity, self.principal)
        return True

    @property
    def rule(self) -> Any:
        return self.run.rule

    def _end(self, state: str, why: str = "") -> bool:
        self.run.state, self.run.next_at, self.run.ended_at = state, None, self.now
        if why:
            self.run.note({"t": "end", "why": why})
        return False

    def _wait(self, path: walk.Path, until: datetime) -> None:
        self.run.state, self.run.place, self.run.next_at = State.WAITING, path, until

    def _step(self, path: walk.Path) -> walk.Path | None:
        """Do the step at ``path``; the path of the next one, None when the run ended or waits."""
        step = walk.step_at(self.steps, path)
        assert step is not None
        match step["do"]:
            case "effect":
                goes_on = self._effect(path, step)
            case "if":
                return self._branch(path, step)
            case "wait":
                goes_on = self._pause(path, step)
            case _:
                self.run.note({"t": "stop", "at": path})
                goes_on = self._end(State.DONE)
        if not goes_on:
            return None
        return self._next(walk.following(self.steps, path))

    def _next(self, path: walk.Path | None) -> walk.Path | None:
        if path is None:
            self._end(State.DONE)
        return path

    # Effects

    def _effect(self, path: walk.Path, step: walk.Step) -> bool:
        line = {"t": "effect", "at": path, "effect": step["effect"], "params": step["params"]}
        try:
            found = effects.effect_of(step["effect"], self.entity)
            if found.outside and self._is_quiet(path):
                return False
            said = self._perform(step)
        except PermissionDenied as error:
            return self._broke(State.REFUSED, line, str(error))
        except (ValidationError, LookupError, Conflict, Protected, IntegrityError, DataError) as error:
            return self._broke(State.FAILED, line, _said(error))
        self.run.note(line | {"ok": True, "said": said[:500]})
        return True if self.record.deleted_at is None else self._end(State.DONE, "gone")

    def _broke(self, state: str, line: dict[str, Any], said: str) -> bool:
        """A step could not be done: the run ends there, and the rule shows the first time until somebody took note."""
        self.run.note(line | {"ok": False, "said": said})
        alarm(self.run, _("“%(rule)s” failed on %(record)s: %(error)s"), once=True, error=said[:500])
        return self._end(state)

    def _perform(self, step: walk.Step) -> str:
        if self.run.changes is None:
            self.run.changes = change_set("rule", actor=self.actor, entity=self.run.entity, title=self.rule.name)
            self.actor = Actor(self.principal, self.run.cause, self.run.changes)
        with transaction.atomic():
            said = effects.perform(step["effect"], self.record, step["params"], actor=self.actor)
        self.record = type(self.record)._base_manager.get(pk=self.record.pk)
        return said

    def _is_quiet(self, path: walk.Path) -> bool:
        until = quiet_until(self.now, self.rule.quiet_from, self.rule.quiet_to)
        if until is None:
            return False
        self.run.note({"t": "quiet", "at": path, "until": until.isoformat()})
        self._wait(path, until)
        return True

    # Branches

    def _branch(self, path: walk.Path, step: walk.Step) -> walk.Path | None:
        try:
            group = read_condition(self.bound, step["when"])
        except ConditionError as error:
            self.run.note({"t": "if", "at": path, "ok": False, "said": error.messages[0]})
            self._end(State.REFUSED)
            return None
        holds, found = judge(group, self._seen([t.field for t in group.tests()]), self.bound.reader())
        self.run.note({"t": "if", "at": path, **found})
        branch = "then" if holds else "else"
        return self._next(walk.enter(self.steps, [*path, branch, 0]))

    def _seen(self, fields: list[Any]) -> Any:
        """What a branch judges: before the first wait the record as the entry left it and this run changed it, then as it is."""
        run = self.run
        if run.waited or run.entry_at is None:
            return self.record
        history = History(run.entry_at)
        return history.record_at(run.entity, run.record_id, run.entry_at, run.entry_id, fields, but=run.cause)

    # Waits

    def _pause(self, path: walk.Path, step: walk.Step) -> bool:
        """True when the wait is over."""
        run = self.run
        if self.held_at == path:
            return self._resume(path, step)
        work = worktime_of(self.principal) if step.get("working") else None
        if step["for"] == "date":
            value = self.entity.field(step["field"]).value(self.record)
            until = moment_of(value, step, work) if value is not None else self.now
        else:
            until = after(self.now, step, work)
        run.waited = True
        run.note({"t": "wait", "at": path, "until": until.isoformat()})
        if step["for"] == "condition" and self._met(step):
            run.note({"t": "met", "at": path})
            return True
        if until <= self.now:
            return True
        self._wait(path, until)
        return False

    def _resume(self, path: walk.Path, step: walk.Step) -> bool:
        run = self.run
        if step["for"] != "condition":
            return True
        if self._met(step):
            run.note({"t": "met", "at": path})
            return True
        began = next(line for line in reversed(run.lines) if line["t"] == "wait" and line["at"] == path)
        until = datetime.fromisoformat(began["until"])
        if until > self.now:
            self._wait(path, until)
            return False
        run.note({"t": "late", "at": path})
        return True if step["late"] == "go_on" else self._end(State.DONE)

    def _met(self, step: walk.Step) -> bool:
        try:
            group = read_condition(self.bound, step["when"])
        except ConditionError:
            return False
        return group.holds(self.record, self.bound.reader())


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(error.messages)[:500]
    if isinstance(error, Protected):
        return _("Other records still need it.")
    if isinstance(error, Conflict):
        return _("Somebody changed it meanwhile.")
    return str(error)[:500]
