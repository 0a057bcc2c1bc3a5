"""One request going along its route: whom the next node asks, when it is complete, what follows at the end.

Everything here runs inside a transaction that holds the record and the request, in that order: see ``services``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm.approvals import lines, messages, people
from crm.approvals.judging import holds
from crm.approvals.kinds import KINDS
from crm.approvals.models import ApprovalInstance, ApprovalStep, ApprovalTask
from crm.entities import effects
from crm.records.actor import Actor
from crm.records.log import log
from crm.records.models import Record
from crm.records.services import change_set
from crm.reference.calendars import worktime_of
from crm.users.models import User

State, Task = ApprovalInstance.State, ApprovalTask.State
_settled: list[Callable[..., None]] = []


def on_settled(fn: Callable[..., None]) -> Callable[..., None]:
    """Decorator: ``fn(instance, record, *, actor)`` runs in the transaction that approves, rejects or withdraws a request."""
    _settled.append(fn)
    return fn


SIGN, COPY = ApprovalTask.Kind.SIGN, ApprovalTask.Kind.COPY


class Signed:
    """A task as ``lines`` sees it."""

    def __init__(self, task: ApprovalTask) -> None:
        self.task, self.line, self.position = task, task.line, task.position

    @property
    def agreed(self) -> bool:
        return self.task.state in ApprovalTask.AGREED


class Course:
    """A request on its way, moved on by ``actor`` (for ``behalf``, when a deputy acts)."""

    def __init__(
        self, instance: ApprovalInstance, record: Record, *, actor: Actor, behalf: User | None = None, now: Any = None
    ) -> None:
        self.instance, self.record, self.actor, self.behalf = instance, record, actor, behalf
        self.now: datetime = now or timezone.now()
        self.version = instance.version

    # Along the route

    def enter(self, index: int) -> None:
        """Open the node at ``index``, or the next one that asks anybody; past the last one it is approved."""
        for node in self.version.nodes[index:]:
            if not holds(node.get("when"), self.record, self.instance.requester, unread=True):
                continue
            if node["kind"] == "copy":
                self._copy(node)
            elif not self._open(node):
                return
        self.finish(State.APPROVED)

    def go_on(self) -> None:
        """After a signature: on to the next node once this one is complete, else to whose turn it is."""
        node = self.version.node(self.instance.node)
        tasks = self.tasks()
        if lines.is_complete([Signed(task) for task in tasks], node["mode"]):
            self.cancel(task for task in tasks if task.state in ApprovalTask.PENDING)
            self.enter(self.version.nodes.index(node) + 1)
        else:
            self._wake(tasks, node)

    def tasks(self) -> list[ApprovalTask]:
        """The signatures of the present node that count."""
        found = self.instance.tasks.filter(node=self.instance.node, kind=SIGN).select_related("user")
        return [task for task in found if task.state in (*ApprovalTask.PENDING, *ApprovalTask.AGREED)]

    def _open(self, node: Mapping[str, Any]) -> bool:
        """Ask the people of a node; True when that needs nobody."""
        self.instance.node = node["key"]
        asked = people.ask(node, self.record, self.instance.requester, agreed=self._agreed(), once=self.version.once)
        if asked.skipped:
            self.step("passed", node=node["key"], why=asked.skipped)
            return True
        if not asked.people:
            raise ValidationError(_("Nobody can be asked at “%(node)s”.") % {"node": node["name"]})
        mode = lines.ANY if asked.why == "admin" else node["mode"]
        places = lines.lines_of(len(asked.people), mode)
        tasks = [
            ApprovalTask(
                instance=self.instance,
                node=node["key"],
                user=person,
                line=line,
                position=position,
                why=asked.passed.get(person.pk) or asked.why,
                state=Task.PASSED if person.pk in asked.passed else Task.WAITING,
                decided_at=self.now if person.pk in asked.passed else None,
            )
            for person, (line, position) in zip(asked.people, places, strict=True)
        ]
        for task in tasks:
            task.save()
        if lines.is_complete([Signed(task) for task in tasks], node["mode"]):
            self.cancel(task for task in tasks if task.state in ApprovalTask.PENDING)
            self.step("passed", node=node["key"], why="once")
            return True
        self.instance.save(update_fields=["node"])
        self._wake(tasks, node)
        return False

    def _agreed(self) -> set[int]:
        """Who approved on the way here."""
        return set(self.instance.tasks.filter(state=Task.APPROVED, kind=SIGN).values_list("user_id", flat=True))

    def _wake(self, tasks: Sequence[ApprovalTask], node: Mapping[str, Any]) -> None:
        """Open the tasks of those whose turn it is now."""
        for one in lines.whose_turn([Signed(task) for task in tasks]):
            if one.task.state == Task.WAITING:
                self.open_task(one.task, node)

    def open_task(self, task: ApprovalTask, node: Mapping[str, Any]) -> None:
        """It is their turn: until when by their working time, and they are told."""
        task.state, task.opened_at = Task.OPEN, self.now
        task.due_at, task.remind_at = due_of(node, task.user, self.now)
        task.save()
        messages.tell_signer(task, self.record, actor=self.actor, now=self.now)

    def _copy(self, node: Mapping[str, Any]) -> None:
        asked = people.named(node, self.record, self.instance.requester)
        self.copy_to([person for person in asked if person.is_active], node["key"])

    def copy_to(self, receivers: Sequence[User], node: str, comment: str = "") -> None:
        """Let people know; each once."""
        known = set(self.instance.tasks.filter(kind=COPY).values_list("user_id", flat=True))
        fresh = [person for person in dict.fromkeys(receivers) if person.pk not in known]
        for person in fresh:
            ApprovalTask.objects.create(
                instance=self.instance,
                node=node,
                kind=COPY,
                user=person,
                state=Task.OPEN,
                opened_at=self.now,
                added_by=self.actor.user,
            )
        if fresh:
            self.step("copied", node=node, comment=comment, people=[str(person) for person in fresh])
            messages.tell_copied(fresh, self.instance, self.record, actor=self.actor)

    # The end

    def finish(self, state: str, *, outcome: str = "") -> None:
        """Approved, rejected or withdrawn: nobody is asked any more, and what follows is done at once."""
        instance = self.instance
        self.cancel(instance.tasks.filter(state__in=ApprovalTask.PENDING, kind=SIGN))
        instance.state, instance.ended_at = state, self.now
        instance.locks = self.version.locks if state == State.APPROVED else []
        instance.holds, instance.problem = bool(instance.locks), ""
        instance.save()
        if state == State.APPROVED:
            self.step("done")
        self._follow(state)
        for fn in _settled:
            fn(instance, self.record, actor=self.actor)
        if state in {State.APPROVED, State.REJECTED}:
            label = State(state).label
            key = f"approval_decided:{instance.pk}"
            messages.tell_requester(instance, self.record, label, actor=self.actor, key=key)

    def _follow(self, state: str) -> None:
        """What was asked for, as the requester; what the process says, as its principal. All of it or nothing."""
        instance = self.instance
        carried = [instance.carry] if state == State.APPROVED and instance.carry else []
        said = {State.APPROVED: self.version.approved, State.REJECTED: self.version.rejected}.get(State(state), [])
        if not carried and not said:
            return
        if instance.changes is None:
            instance.changes = change_set(
                "approval", actor=self.actor, entity=instance.entity, title=str(instance.process)
            )
            instance.save(update_fields=["changes"])
        for doer, todo in ((instance.requester, carried), (instance.process.principal, said)):
            for effect in todo:
                self._perform(effect, Actor(doer, instance.cause, instance.changes))

    def _perform(self, effect: Mapping[str, Any], actor: Actor) -> None:
        record = type(self.record)._base_manager.get(pk=self.record.pk)
        try:
            with translation.override(actor.user.language or None):
                effects.perform(effect["effect"], record, effect.get("params") or {}, actor=actor)
        except (ValidationError, PermissionDenied, LookupError) as error:
            said = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error.args[0])
            raise ValidationError(_("What follows could not be done: %(error)s") % {"error": said}) from error

    # Notes

    def cancel(self, tasks: Iterable[ApprovalTask], state: str = Task.CANCELLED) -> None:
        """Nobody waits for these any more."""
        ids = [task.pk for task in tasks]
        ApprovalTask.objects.filter(pk__in=ids).update(state=state, remind_at=None, due_at=None)

    def step(
        self, did: str, *, node: str | None = None, comment: str = "", files: Sequence[int] = (), **data: Any
    ) -> ApprovalStep:
        """Note what happened, here and on the timeline of the record."""
        key = self.instance.node if node is None else node
        step = ApprovalStep.objects.create(
            instance=self.instance,
            at=self.now,
            actor=self.actor.user,
            behalf=self.behalf,
            did=did,
            node=key,
            comment=comment,
            files=list(files),
            data=data,
        )
        told = {
            "process": str(self.instance.process),
            "approval": self.instance.pk,
            "node": self.version.node(key).get("name", ""),
            "comment": comment,
            "behalf": str(self.behalf or ""),
            **data,
        }
        log(self.record, KINDS[did], actor=self.actor, **{name: value for name, value in told.items() if value})
        return step


def due_of(node: Mapping[str, Any], person: User, now: datetime) -> tuple[datetime | None, datetime | None]:
    """(until when the person should decide, when to remind them), by their working time."""
    hours = int(node.get("hours") or 0)
    if not hours:
        return None, None
    work = worktime_of(person)
    before = min(int(node.get("remind") or 0), hours)
    due = work.after(now, timedelta(hours=hours))
    return due, work.after(now, timedelta(hours=hours - before)) if before else due
