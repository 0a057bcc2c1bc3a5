"""The route as a picture: every node with its people, what each did, and what is still ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.approvals import people
from crm.approvals.judging import holds
from crm.approvals.lines import ANY, ORDER
from crm.approvals.models import ApprovalInstance, ApprovalStep, ApprovalTask, ProcessVersion
from crm.records.models import Record
from crm.users.models import User

State, Task = ApprovalInstance.State, ApprovalTask.State


@dataclass(frozen=True)
class Face:
    """A person at a node: ``state`` is "", "now", "good", "late" or "off"; ``said`` what became of it, ``at`` when."""

    user: User
    state: str = ""
    said: str = ""
    at: datetime | None = None
    behalf: User | None = None


@dataclass
class Stop:
    """A node of the picture: ``state`` is "done", "now", "ahead", "skipped" or "off"."""

    name: str
    state: str
    kind: str = "sign"
    rule: str = ""
    note: str = ""
    faces: list[Face] = field(default_factory=list)
    due: datetime | None = None


def planned(version: ProcessVersion, record: Record, requester: User) -> list[Stop]:
    """The route as it would be now: for the dialog before sending and for the editor."""
    known: set[int] = set()
    stops = []
    for node in version.nodes:
        stop = _ahead(node, record, requester, known if version.once else set())
        stops.append(stop)
        known |= {face.user.pk for face in stop.faces if stop.kind == "sign"}
    return stops


def _ahead(node: Mapping[str, Any], record: Record, requester: User, known: set[int]) -> Stop:
    stop = Stop(node["name"], "ahead", node["kind"], rule(node))
    if not holds(node.get("when"), record, requester, unread=True):
        stop.state, stop.note = "skipped", _("Its condition does not hold.")
        return stop
    if node["kind"] == "copy":
        stop.faces = [Face(person) for person in people.named(node, record, requester) if person.is_active]
        return stop
    asked = people.ask(node, record, requester)
    stop.note = skip_reason(asked.skipped) or fallback_reason(asked.why)
    if asked.skipped:
        stop.state = "skipped"
    said = _("approved before, not asked again")
    stop.faces = [Face(person, "off", said) if person.pk in known else Face(person) for person in asked.people]
    return stop


def rule(node: Mapping[str, Any]) -> str:
    """How the people of a node decide together; empty for one alone."""
    if node["kind"] == "copy":
        return _("take note")
    if node["mode"] == ANY:
        return _("one is enough")
    return _("in order") if node["mode"] == ORDER else _("all")


def skip_reason(why: str) -> str:
    """Why nobody is asked."""
    return {
        "self": _("Whoever asks would approve it themselves."),
        "nobody": _("Nobody is there to approve it."),
        "once": _("Everybody needed approved before."),
    }.get(why, "")


def fallback_reason(why: str) -> str:
    """Why somebody else is asked."""
    return {"admin": _("Nobody was found: an administrator decides."), "instead": _("Nobody was found.")}.get(why, "")


def picture(instance: ApprovalInstance, record: Record | None) -> list[Stop]:
    """The route of a request: what happened, where it stands, what is ahead (known only while there is a record)."""
    tasks: dict[str, list[ApprovalTask]] = {}
    for task in instance.tasks.select_related("user", "decided_by").order_by("line", "position", "id"):
        tasks.setdefault(task.node, []).append(task)
    skipped = {
        step.node: str(step.data.get("why", "")) for step in instance.steps.filter(did="passed").only("node", "data")
    }
    reached, stops = True, []
    for node in instance.version.nodes:
        stop = _stop(instance, node, tasks.get(node["key"], []), skipped, reached, record)
        stops.append(stop)
        if node["key"] == instance.node:
            reached = False
    return stops


def _stop(
    instance: ApprovalInstance,
    node: Mapping[str, Any],
    tasks: list[ApprovalTask],
    skipped: Mapping[str, str],
    reached: bool,
    record: Record | None,
) -> Stop:
    key = node["key"]
    running = instance.state == State.RUNNING
    if running and not reached and record is not None:
        return _ahead(node, record, instance.requester, set())
    stop = Stop(node["name"], "done", node["kind"], rule(node), faces=[_face(task) for task in tasks])
    if running and key == instance.node:
        stop.state = "now"
        stop.due = min((task.due_at for task in tasks if task.due_at and task.state == Task.OPEN), default=None)
    elif key in skipped and not tasks:
        stop.state, stop.note = "skipped", skip_reason(skipped[key])
    elif not tasks:
        stop.state = "skipped" if instance.state == State.APPROVED or (running and reached) else "off"
    elif any(task.state == Task.REJECTED for task in tasks):
        stop.state = "refused"
    elif not any(task.state in ApprovalTask.AGREED for task in tasks) and node["kind"] == "sign":
        stop.state = "off"
    return stop


_STATES = {
    Task.OPEN: "now",
    Task.APPROVED: "good",
    Task.PASSED: "good",
    Task.REJECTED: "late",
    Task.RETURNED: "late",
}


def _face(task: ApprovalTask) -> Face:
    said = task.get_state_display()
    if task.kind == ApprovalTask.Kind.COPY:
        return Face(task.user, "good" if task.seen_at else "", _("has seen it") if task.seen_at else "", task.seen_at)
    if task.state == Task.PASSED:
        said = _("approved before")
    behalf = task.decided_by if task.decided_by and task.decided_by != task.user else None
    return Face(task.user, _STATES.get(Task(task.state), "off"), str(said), task.decided_at, behalf)


def history(instance: ApprovalInstance) -> list[ApprovalStep]:
    """All that happened, the first first, each with the name of its node as ``at_node``."""
    names = {node["key"]: node["name"] for node in instance.version.nodes}
    steps = list(instance.steps.select_related("actor", "behalf"))
    for step in steps:
        step.at_node = names.get(step.node, "")
    return steps
