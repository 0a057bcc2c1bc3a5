"""What time does to requests: reminding of what waits, and passing on what nobody decided. Each of it once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from crm.approvals import messages
from crm.approvals.course import SIGN, Course
from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.approvals.people import superior
from crm.records.actor import Actor
from crm.users.models import User

logger = structlog.get_logger(__name__)
MOST = 500
Task = ApprovalTask.State


def tick(now: datetime | None = None) -> int:
    """Remind of and pass on everything that is due; how many."""
    now = now or timezone.now()
    waiting = ApprovalTask.objects.filter(state=Task.OPEN, kind=SIGN, instance__state=ApprovalInstance.State.RUNNING)
    late = waiting.filter(due_at__lte=now, escalated_at__isnull=True)
    soon = waiting.filter(remind_at__lte=now)
    gone = waiting.filter(user__is_active=False)
    done = sum(_once(pk, now, _replace) for pk in gone.values_list("pk", flat=True)[:MOST])
    done += sum(_once(pk, now, _escalate) for pk in late.values_list("pk", flat=True)[:MOST])
    return done + sum(_once(pk, now, _remind) for pk in soon.values_list("pk", flat=True)[:MOST])


def _once(pk: int, now: datetime, act: Callable[[Course, ApprovalTask], bool]) -> bool:
    """Hold record, request and task, look whether it is still to be done, do it."""
    with transaction.atomic():
        seen = ApprovalTask.objects.select_related("instance").get(pk=pk)
        model = apps.get_model(seen.instance.entity)
        record = model._base_manager.select_for_update(of=("self",)).filter(pk=seen.instance.record_id).first()
        rows = ApprovalInstance.objects.select_related("process__principal", "version", "requester")
        instance = rows.select_for_update(of=("self",)).get(pk=seen.instance_id)
        task = ApprovalTask.objects.select_related("user").get(pk=pk)
        task.instance = instance
        if record is None or task.state != Task.OPEN or instance.state != ApprovalInstance.State.RUNNING:
            return False
        return act(Course(instance, record, actor=Actor(None, "approvals"), now=now), task)


def _remind(course: Course, task: ApprovalTask) -> bool:
    if task.remind_at is None or task.remind_at > course.now:
        return False
    task.remind_at = None
    task.save(update_fields=["remind_at"])
    messages.tell_signer(task, course.record, actor=course.actor, now=course.now, late=True)
    return True


def _escalate(course: Course, task: ApprovalTask) -> bool:
    """The due moment has passed: as the node says, somebody above is told, or decides instead."""
    if task.due_at is None or task.due_at > course.now or task.escalated_at is not None:
        return False
    task.escalated_at = course.now
    task.save(update_fields=["escalated_at"])
    node = course.version.node(task.node)
    match node.get("late"):
        case "tell" if (boss := superior(task.user)) is not None:
            course.step("escalated", people=[str(boss)])
            course.copy_to([boss], task.node)
        case "superior" if (boss := superior(task.user)) is not None:
            return _give(course, task, boss)
        case "admin":
            admins = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=task.user_id)
            if (admin := admins.order_by("pk").first()) is not None:
                return _give(course, task, admin)
    return True


def _replace(course: Course, task: ApprovalTask) -> bool:
    """Whoever has left decides nothing any more: their superior does, else an administrator."""
    boss = superior(task.user)
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    for person in ([boss] if boss else []) + list(admins):
        _give(course, task, person)
        if task.state != Task.OPEN:
            return True
    return False


def _give(course: Course, task: ApprovalTask, person: User) -> bool:
    """Somebody else decides instead, unless they are asked already or asked for it themselves."""
    instance = course.instance
    busy = instance.tasks.filter(user=person, kind=SIGN, state__in=ApprovalTask.PENDING).exists()
    if busy or person.pk == instance.requester_id or not person.is_active:
        logger.info("approval_not_escalated", task=task.pk, person=person.pk)
        return True
    task.state, task.decided_at, task.remind_at = Task.TRANSFERRED, course.now, None
    task.save()
    other = ApprovalTask(
        instance=instance, node=task.node, user=person, line=task.line, position=task.position, why="escalated"
    )
    other.save()
    course.step("escalated", people=[str(person)])
    course.open_task(other, course.version.node(task.node))
    return True
