"""What a person may know of a request: never more of the record than they may see anyway and what their node opens to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.utils import timezone

from crm.access import policy
from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.approvals.people import stands_for
from crm.entities.bound import BoundEntity, BoundField, bind
from crm.entities.entity import registry
from crm.records.models import Record
from crm.users.models import User

State, Task = ApprovalInstance.State, ApprovalTask.State
SIGN = ApprovalTask.Kind.SIGN


@dataclass
class Sight:
    """A request as one person may know it. ``task`` is what they are to decide, ``record`` None where they see nothing of it."""

    instance: ApprovalInstance
    user: Any
    record: Record | None
    bound: BoundEntity | None
    sees: bool
    task: ApprovalTask | None = None
    opened: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The record's name, for who may know it; else what it is in general."""
        if self.sees or self._name_is_open():
            return self.instance.title
        return registry[self.instance.entity].name if self.instance.entity in registry else self.instance.entity

    def _name_is_open(self) -> bool:
        if self.record is None:
            return False
        names = {*getattr(type(self.record), "shown_by", ()), "name", "title"}
        return bool(names & set(self.opened))

    @property
    def url(self) -> str:
        """The record's page, for who may go there."""
        return self.bound.url("record", self.instance.record_id) if self.sees and self.bound else ""

    def facts(self) -> list[BoundField]:
        """What the node opens first, then what the person sees on the record's own page."""
        if self.record is None or self.bound is None:
            return []
        opened = [BoundField(found, None) for name in self.opened if (found := self._field(name)) is not None]
        if not self.sees:
            return opened
        own = [one for _title, fields in self.bound.sections for one in fields]
        return [*opened, *(one for one in own if one.name not in set(self.opened))]

    def _field(self, name: str) -> Any:
        try:
            return self.bound.entity.field(name) if self.bound else None
        except FieldDoesNotExist:
            return None


def sight(instance: ApprovalInstance, user: User, *, task: ApprovalTask | None = None) -> Sight | None:
    """The request as the person may know it; None when it is none of their business."""
    if instance.entity not in registry:
        return None
    bound = bind(registry[instance.entity], user)
    record = (
        apps.get_model(instance.entity)._base_manager.filter(pk=instance.record_id, deleted_at__isnull=True).first()
    )
    sees = record is not None and policy.can_record(user, record, "view")
    mine = task or task_for(instance, user)
    if not sees and mine is None and instance.requester_id != user.pk and not takes_part(instance, user):
        return None
    opened = list(instance.version.node(mine.node).get("opens") or ()) if mine is not None else []
    return Sight(instance, user, record if sees or opened else None, bound, sees, mine, opened)


def task_for(instance: ApprovalInstance, user: User) -> ApprovalTask | None:
    """What the person is to decide there now, themself or as a deputy."""
    if instance.state != State.RUNNING:
        return None
    ids = stands_for(user, timezone.now()) if user.pk != instance.requester_id else {user.pk}
    rows = instance.tasks.filter(state=Task.OPEN, kind=SIGN, user__in=ids).select_related("user")
    found = sorted(rows, key=lambda one: one.user_id != user.pk)
    for one in found:
        one.instance = instance
    return found[0] if found else None


def takes_part(instance: ApprovalInstance, user: User) -> bool:
    """Whether they were ever asked or told."""
    return instance.tasks.filter(Q(user=user) | Q(decided_by=user)).exists()


def titles(instances: Iterable[ApprovalInstance], user: User, tasks: Sequence[ApprovalTask] = ()) -> dict[int, str]:
    """The names of the records of many requests as the person may know them; one query an entity."""
    instances = list(instances)
    by_label: dict[str, set[int]] = {}
    for one in instances:
        by_label.setdefault(one.entity, set()).add(one.record_id)
    seen = {
        (label, pk)
        for label, pks in by_label.items()
        if label in registry
        for pk in bind(registry[label], user).reachable(pks, "view")
    }
    opened = {task.instance_id: task.instance.version.node(task.node).get("opens") or () for task in tasks}
    found = {}
    for one in instances:
        knows = (one.entity, one.record_id) in seen or _names(one) & set(opened.get(one.pk, ()))
        general = registry[one.entity].name if one.entity in registry else one.entity
        found[one.pk] = one.title if knows else general
    return found


def _names(instance: ApprovalInstance) -> set[str]:
    model = registry[instance.entity].model if instance.entity in registry else None
    return {*getattr(model, "shown_by", ()), "name", "title"}
