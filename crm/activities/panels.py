"""What every record page shows of activities: the composer and what is to be done next."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access import policy, pooling
from crm.access.policy import Attached
from crm.activities.attending import guests_of
from crm.activities.checklists import steps_of
from crm.activities.models import FollowUp, Task
from crm.activities.task_forms import rule_in_words
from crm.entities.bound import bind
from crm.entities.entity import Entity, registry
from crm.entities.panels import panel
from crm.entities.refs import refs
from crm.records.models import Record
from crm.users.models import User

AREA = "activities"
SHOWN = 5
# What a line of a task tells of it.
OF_LINE = ("kind", "subject", "status", "priority", "due_at", "on_entity", "on_id")
OF_LINE += tuple(f"owner__{name}" for name in User.shown_by)
KINDS = (
    ("note", FollowUp.Kind.NOTE.label, "note"),
    ("call", FollowUp.Kind.CALL.label, "phone"),
    ("visit", FollowUp.Kind.VISIT.label, "map-pin"),
    ("meeting", FollowUp.Kind.MEETING.label, "users"),
    ("email", FollowUp.Kind.EMAIL.label, "mail"),
)


def takes_activities(entity: Entity) -> bool:
    """Whether things are noted on its records: not on activities, and not on what hangs on something itself."""
    return entity.area != AREA and not isinstance(entity.model.access, Attached)


def kinds_for(user: Any, record: Record) -> tuple[tuple[str, str, str], ...]:
    """(kind, label, icon) of what the user may add to the record, which they see."""
    may_note = pooling.may_note(user, record)
    found = list(KINDS) if may_note and policy.can(user, "activities.followup", "add") else []
    if may_note:
        found.append(("comment", _("Comment"), "message-circle"))
    if policy.can(user, "activities.task", "add"):
        found.append(("task", Task.Kind.TASK.label, "checkbox"))
    return tuple([(name, str(label), icon) for name, label, icon in found])


@panel("*", slot="composer", template="activities/composer.html")
def composer(record: Record, user: Any) -> dict | None:
    """Write down what was said or is to be done, on every record but the activities themselves."""
    if not takes_activities(registry[record.entity_label()]) or record.deleted_at:
        return None
    kinds = kinds_for(user, record)
    return {"kinds": kinds, "label": record.entity_label()} if kinds else None


@panel("*", slot="side", template="activities/next_steps.html", order=-10)
def next_steps(record: Record, user: Any) -> dict | None:
    """The open tasks about the record that the user may see."""
    bound = bind(registry["activities.task"], user)
    if registry[record.entity_label()].area == AREA or not bound.can("view"):
        return None
    rows = bound.records().filter(on_entity=record.entity_label(), on_id=record.pk, status__in=Task.TO_DO)
    found = list(rows.select_related("owner").only(*OF_LINE).order_by("due_key", "pk")[: SHOWN + 1])
    address = bound.url("list")
    return {
        "tasks": found[:SHOWN],
        "label": record.entity_label(),
        "all_url": f"{address}?status=open&status=doing&on_entity__is={record.entity_label()}&on_id={record.pk}"
        if len(found) > SHOWN
        else "",
    }


@panel("activities.task", slot="top", template="activities/about.html")
@panel("activities.comment", slot="top", template="activities/about.html")
@panel("activities.followup", slot="top", template="activities/about.html")
def about(record: Task | FollowUp, user: Any) -> dict | None:
    """The way to the record it is about, for who may open that."""
    found = refs(user, [(record.on_entity, record.on_id)])
    return {"target": next(iter(found.values()))} if record.on_id else None


def steps_context(task: Task, user: Any) -> dict | None:
    """The checklist with its ticks, and how far the task is with its parts."""
    readable = bind(registry["activities.task"], user).readable(["checklist"])
    steps = steps_of(task.checklist) if readable else []
    if not steps and not task.steps_total:
        return None
    may = task.is_open and not task.deleted_at and policy.field_mode(user, [("activities.task", "checklist")]) is None
    share = round(100 * task.steps_done / task.steps_total) if task.steps_total else 0
    return {
        "steps": steps,
        "done": task.steps_done,
        "total": task.steps_total,
        "share": share,
        "may_tick": may and policy.can_record(user, task, "change"),
    }


def guests_context(task: Task, user: Any) -> dict | None:
    """Who takes part, one's own answer, and whether one may invite."""
    guests = guests_of(task, user)
    may = not task.deleted_at and policy.can_record(user, task, "change")
    if not guests and not may:
        return None
    mine = next((guest.row for guest in guests if guest.row.user_id == user.pk), None)
    return {"guests": guests, "may_invite": may and task.is_open, "mine": mine if task.is_open else None}


@panel("activities.task", slot="side", template="activities/steps.html", order=-20)
def steps(record: Task, user: Any) -> dict | None:
    """The checklist, ticked in place."""
    return steps_context(record, user)


@panel("activities.task", slot="side", template="activities/guests.html", order=-15)
def guests(record: Task, user: Any) -> dict | None:
    """Who takes part."""
    return guests_context(record, user)


@panel("activities.task", slot="top", template="activities/task_top.html")
def task_top(record: Task, user: Any) -> dict | None:
    """How it repeats, where somebody checked in, who is reminded when."""
    place = bind(registry["activities.task"], user).readable(["checked_in_at", "place"])
    found = {
        "repeats": rule_in_words(record),
        "checked_in": record.checked_in_at if "checked_in_at" in place else None,
        "spot": record if record.latitude is not None and "place" in place else None,
    }
    return found if any(found.values()) else None


@panel("*", slot="side", template="activities/people_place.html", order=-5)
def people(record: Record, user: Any) -> dict | None:
    """The place of the people of the record; who they are comes in a second request."""
    if not takes_activities(registry[record.entity_label()]) or getattr(user, "preview", False):
        return None
    return {"label": record.entity_label()}
