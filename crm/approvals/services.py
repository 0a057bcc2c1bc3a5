"""Asking for approval and deciding. Each is one transaction that holds first the record, then the request, then acts.

Doing the same thing twice does it once; whoever comes too late hears so by ``Late``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.approvals import messages, people
from crm.approvals.course import SIGN, Course
from crm.approvals.judging import holds
from crm.approvals.models import ApprovalInstance, ApprovalProcess, ApprovalTask
from crm.entities import effects
from crm.entities.entity import entity_of
from crm.files.services import store_file
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import User

State, Task = ApprovalInstance.State, ApprovalTask.State
UNLOCK = "unlock"
LONGEST = 5000


class Late(ValidationError):
    """It was decided, withdrawn or handed on meanwhile."""

    def __init__(self) -> None:
        super().__init__(_("This was settled meanwhile. Load the page again."), code="late")


# Asking


def processes_for(record: Record, user: User) -> list[ApprovalProcess]:
    """The processes that the person may ask for on this record by hand."""
    found = ApprovalProcess.objects.filter(entity=record.entity_label(), active=True, by_hand=True)
    found = found.select_related("current", "principal")
    return [process for process in found if process.current and applies(process, record, user)]


def applies(process: ApprovalProcess, record: Record, requester: User | None) -> bool:
    """Whether the process is meant for the record as it is."""
    return process.current is not None and holds(process.current.condition, record, requester, unread=True)


def open_instance(record: Record) -> ApprovalInstance | None:
    """The request about the record that is not settled yet."""
    rows = ApprovalInstance.objects.select_related("process", "version", "requester")
    return rows.filter(entity=record.entity_label(), record_id=record.pk, state__in=ApprovalInstance.OPEN).first()


@transaction.atomic
def start(
    process: ApprovalProcess,
    record: Record,
    *,
    actor: Actor,
    requester: User | None = None,
    note: str = "",
    carry: Mapping[str, Any] | None = None,
    files: Iterable[File] = (),
) -> ApprovalInstance:
    """Ask for approval of the record. The same process again while it runs is the same request.

    ``carry`` is an effect (``{"effect", "params"}``) that is done as the requester once it is approved. ValidationError when
    another request runs, the process is not meant for the record, or nobody can be asked.
    """
    requester = requester or actor.user
    if requester is None:
        raise ValidationError(_("Somebody must ask for it."))
    record = _hold(type(record), record.pk)
    process = ApprovalProcess.objects.select_related("current", "principal").get(pk=process.pk)
    running = open_instance(record)
    if running is not None:
        if running.process_id == process.pk and running.state == State.RUNNING and running.carry == dict(carry or {}):
            return running
        raise ValidationError(
            _("“%(process)s” is under way for it already.") % {"process": running.process}, code="running"
        )
    if not process.active or process.current is None or process.entity != record.entity_label():
        raise ValidationError(_("“%(process)s” is not in use.") % {"process": process})
    if not applies(process, record, requester):
        raise ValidationError(_("“%(process)s” is not meant for this record.") % {"process": process})
    if carry:
        _check_carry(record, carry, requester)
    instance = ApprovalInstance.objects.create(
        process=process,
        version=process.current,
        entity=record.entity_label(),
        record_id=record.pk,
        title=str(record)[:300],
        requester=requester,
        note=note[:LONGEST],
        carry=dict(carry or {}),
    )
    course = Course(instance, record, actor=actor)
    course.step("asked", comment=note[:LONGEST], files=_keep(files, record, actor), node="")
    course.enter(0)
    return instance


def _check_carry(record: Record, carry: Mapping[str, Any], requester: User) -> None:
    """What is asked for must be possible now, as far as that can be told."""
    try:
        found = effects.effect_of(str(carry.get("effect")), entity_of(record))
    except LookupError as error:
        raise ValidationError(str(error.args[0])) from error
    if not policy.can_record(requester, record, found.permission):
        raise PermissionDenied
    form = effects.params_form(found, entity_of(record), requester, carry.get("params") or {}, record=record)
    if form is not None and not form.is_valid():
        raise ValidationError([text for errors in form.errors.values() for text in errors])


@transaction.atomic
def ask_again(instance: ApprovalInstance, *, actor: Actor, note: str = "") -> ApprovalInstance:
    """Send what came back once more, along the same version of the route."""
    course = _course(instance.pk, actor)
    found = course.instance
    if actor.user != found.requester:
        raise PermissionDenied(_("Only who asked may ask again."))
    if found.state == State.RUNNING:
        return found
    if found.state != State.RETURNED:
        raise Late
    found.state, found.holds, found.title = State.RUNNING, True, str(course.record)[:300]
    found.save()
    course.step("asked_again", comment=note[:LONGEST], node="")
    course.enter(0)
    return found


@transaction.atomic
def withdraw(instance: ApprovalInstance, *, actor: Actor, comment: str = "") -> ApprovalInstance:
    """Call the request off: by who asked, or by who may unlock the record."""
    course = _course(instance.pk, actor)
    found = course.instance
    if actor.user != found.requester and not policy.can_record(actor.user, course.record, UNLOCK):
        raise PermissionDenied(_("Only who asked may withdraw it."))
    if found.state == State.WITHDRAWN:
        return found
    if found.state not in ApprovalInstance.OPEN:
        raise Late
    waiting = list(found.tasks.filter(state=Task.OPEN, kind=SIGN).values_list("user_id", flat=True))
    course.step("withdrawn", comment=comment[:LONGEST])
    course.finish(State.WITHDRAWN)
    messages.tell_settled(waiting, found, course.record, actor=actor)
    return found


@transaction.atomic
def unlock(instance: ApprovalInstance, *, actor: Actor, comment: str = "") -> ApprovalInstance:
    """Let the fields be changed again that an approval had locked; needs the right to unlock."""
    course = _course(instance.pk, actor)
    found = course.instance
    if not policy.can_record(actor.user, course.record, UNLOCK):
        raise PermissionDenied(_("You may not unlock it."))
    if found.state == State.APPROVED and found.holds:
        found.holds, found.unlocked_at = False, timezone.now()
        found.save(update_fields=["holds", "unlocked_at"])
        course.step("unlocked", comment=comment[:LONGEST], node="")
    return found


# Deciding


def approve(task: ApprovalTask, *, actor: Actor, comment: str = "", files: Iterable[File] = ()) -> ApprovalInstance:
    """Agree; with the last signature everything that follows is done."""

    def agree(course: Course, own: ApprovalTask) -> None:
        course.step("approved", comment=comment[:LONGEST], files=_keep(files, course.record, actor))
        course.go_on()

    return _decide(task, Task.APPROVED, agree, actor)


def reject(task: ApprovalTask, *, actor: Actor, comment: str = "", files: Iterable[File] = ()) -> ApprovalInstance:
    """Refuse: that ends the request, whatever others say."""

    def refuse(course: Course, own: ApprovalTask) -> None:
        course.step("rejected", comment=comment[:LONGEST], files=_keep(files, course.record, actor))
        course.finish(State.REJECTED)

    return _decide(task, Task.REJECTED, refuse, actor)


def send_back(task: ApprovalTask, to: str = "", *, actor: Actor, comment: str = "") -> ApprovalInstance:
    """Back to an earlier node, or to who asked (``to`` empty): then the record can be changed, and asked for again."""

    def back(course: Course, own: ApprovalTask) -> None:
        instance, nodes = course.instance, [node["key"] for node in course.version.nodes]
        if to and (to not in returnable(instance)):
            raise ValidationError(_("It has not passed that node."))
        course.step("returned", comment=comment[:LONGEST], to=course.version.node(to).get("name", "") if to else "")
        undone = nodes[nodes.index(to) :] if to else nodes
        rows = instance.tasks.filter(node__in=undone, kind=SIGN)
        course.cancel(rows.filter(state__in=ApprovalTask.PENDING))
        course.cancel(rows.filter(state__in=ApprovalTask.AGREED), Task.UNDONE)
        if to:
            course.enter(nodes.index(to))
            return
        instance.state, instance.holds, instance.node = State.RETURNED, False, ""
        instance.save()
        key = f"approval_returned:{own.pk}"
        messages.tell_requester(instance, course.record, State.RETURNED.label, actor=actor, key=key)

    return _decide(task, Task.RETURNED, back, actor)


def returnable(instance: ApprovalInstance) -> list[str]:
    """The nodes before the present one at which somebody signed."""
    keys = [node["key"] for node in instance.version.nodes]
    before = keys[: keys.index(instance.node)] if instance.node in keys else []
    signed = set(instance.tasks.filter(kind=SIGN, state=Task.APPROVED).values_list("node", flat=True))
    return [key for key in before if key in signed]


def transfer(task: ApprovalTask, to: User, *, actor: Actor, comment: str = "") -> ApprovalInstance:
    """Let somebody else decide instead."""

    def hand_on(course: Course, own: ApprovalTask) -> None:
        other = _another(course, own, to, "transferred")
        other.line, other.position = own.line, own.position
        other.save()
        course.step("transferred", comment=comment[:LONGEST], people=[str(to)])
        course.open_task(other, course.version.node(own.node))

    return _decide(task, Task.TRANSFERRED, hand_on, actor)


@transaction.atomic
def add_signer(task: ApprovalTask, who: User, *, after: bool, actor: Actor, comment: str = "") -> ApprovalInstance:
    """Ask somebody else too: before the present signer (who waits for them) or right after."""
    course, own = _task(task, actor)
    if own.state != Task.OPEN:
        raise Late
    other = _another(course, own, who, "added")
    for later in own.instance.tasks.filter(node=own.node, kind=SIGN, line=own.line, position__gt=own.position):
        later.position += 1
        later.save(update_fields=["position"])
    if after:
        other.line, other.position = own.line, own.position + 1
        other.save()
    else:
        other.line, other.position = own.line, own.position
        own.position, own.state, own.remind_at, own.due_at = own.position + 1, Task.WAITING, None, None
        own.save()
        other.save()
    course.step("added", comment=comment[:LONGEST], people=[str(who)], after=after)
    if not after:
        course.open_task(other, course.version.node(own.node))
    return course.instance


@transaction.atomic
def copy_to(instance: ApprovalInstance, receivers: Sequence[User], *, actor: Actor, comment: str = "") -> None:
    """Let others know of it."""
    course = _course(instance.pk, actor)
    course.copy_to([person for person in receivers if person.is_active], course.instance.node, comment[:LONGEST])


@transaction.atomic
def note(instance: ApprovalInstance, text: str, *, actor: Actor, files: Iterable[File] = ()) -> None:
    """Say something about it without deciding."""
    course = _course(instance.pk, actor)
    kept = _keep(files, course.record, actor)
    if text.strip() or kept:
        course.step("noted", comment=text[:LONGEST], files=kept)


def remind(instance: ApprovalInstance, *, actor: Actor) -> int:
    """Remind whoever is to decide, at most once an hour; how many."""
    now = timezone.now()
    with transaction.atomic():
        course = _course(instance.pk, actor)
        last = course.instance.steps.filter(did="reminded").last()
        if last is not None and (now - last.at).total_seconds() < 3600:
            return 0
        waiting = list(course.instance.tasks.filter(state=Task.OPEN, kind=SIGN).select_related("instance__process"))
        if waiting and course.instance.state == State.RUNNING:
            course.step("reminded")
        for task in waiting:
            messages.tell_signer(task, course.record, actor=actor, now=now, late=True)
    return len(waiting)


# What they share


def _decide(
    task: ApprovalTask, verdict: str, then: Callable[[Course, ApprovalTask], None], actor: Actor
) -> ApprovalInstance:
    """Settle a task once: the same verdict of the same person again changes nothing."""
    with transaction.atomic():
        course, own = _task(task, actor)
        if own.state != Task.OPEN or course.instance.state != State.RUNNING:
            if own.state == verdict and own.decided_by == actor.user:
                return course.instance
            raise Late
        own.state, own.decided_at, own.decided_by, own.remind_at = verdict, course.now, actor.user, None
        own.save()
        then(course, own)
        return course.instance


def _task(task: ApprovalTask, actor: Actor) -> tuple[Course, ApprovalTask]:
    """The task with everything held; PermissionDenied for whom it is not."""
    course = _course(task.instance_id, actor)
    own = ApprovalTask.objects.select_related("user", "instance").get(pk=task.pk)
    own.instance = course.instance
    if own.kind != SIGN or not may_sign(own, actor.user):
        raise PermissionDenied(_("This is for somebody else to decide."))
    course.behalf = own.user if own.user != actor.user else None
    return course, own


def may_sign(task: ApprovalTask, user: User | None) -> bool:
    """Whether the person decides it: themself, or as deputy, but never on their own request."""
    if user is None or not user.is_active:
        return False
    if task.user_id == user.pk:
        return True
    return user.pk != task.instance.requester_id and task.user_id in people.stands_for(user, timezone.now())


def _another(course: Course, own: ApprovalTask, who: User, why: str) -> ApprovalTask:
    """A task for somebody who has none; ValidationError when they are asked already, or asked for it themselves."""
    if not who.is_active or who.pk == course.instance.requester_id:
        raise ValidationError(_("%(name)s can't be asked.") % {"name": who})
    busy = course.instance.tasks.filter(user=who, kind=SIGN, state__in=ApprovalTask.PENDING).exclude(pk=own.pk)
    if who.pk == own.user_id or busy.exists():
        raise ValidationError(_("%(name)s is asked already.") % {"name": who})
    return ApprovalTask(instance=course.instance, node=own.node, user=who, why=why, added_by=course.actor.user)


def _course(instance_id: int, actor: Actor) -> Course:
    """Hold the record, then the request."""
    seen = ApprovalInstance.objects.only("entity", "record_id").get(pk=instance_id)
    record = _hold(apps.get_model(seen.entity), seen.record_id)
    rows = ApprovalInstance.objects.select_related("process__principal", "version", "requester", "changes")
    return Course(rows.select_for_update(of=("self",)).get(pk=instance_id), record, actor=actor)


def _hold(model: Any, pk: int) -> Any:
    record = model._base_manager.select_for_update(of=("self",)).filter(pk=pk, deleted_at__isnull=True).first()
    if record is None:
        raise ValidationError(_("The record is not there any more."))
    return record


def _keep(files: Iterable[File], record: Record, actor: Actor) -> list[int]:
    """Files that come with a decision hang on the record, whoever decides."""
    return [store_file(upload, record=record, actor=actor).pk for upload in files]
