"""Activity plans: steps that belong together, put on a record as its tasks, so many working days around an anchor day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.access.policy import Attached
from crm.activities.models import ActivityPlan, PlanStep, Task
from crm.activities.services import EVENING
from crm.entities.entity import Action, Entity, registry
from crm.entities.inputs import DayInput
from crm.lib.worktime import HORIZON, WorkTime
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.reference.calendars import worktime_of
from crm.users.models import User, away

LABEL = "activities.task"
KEPT = "activities.plans"
SECONDS = 60


def takes_plans(entity: Entity) -> bool:
    """Whether plans can be put on its records: what takes activities does."""
    return entity.area != "activities" and not isinstance(entity.model.access, Attached)


def plans_for(label: str) -> Any:
    """The plans in use that fit records of the entity."""
    plans = ActivityPlan.objects.filter(active=True)
    return plans.filter(Q(entities=[]) | Q(entities__contains=[label]))


def planned_labels() -> list[str]:
    """Entities for which there are plans; “*” is every one. Known for a minute, so that no page asks for it."""
    found = cache.get(KEPT)
    if found is None:
        every = ActivityPlan.objects.filter(active=True).values_list("entities", flat=True)
        found = sorted({label for labels in every for label in (labels or ["*"])})
        cache.set(KEPT, found, SECONDS)
    return found


def has_plans(record: Record) -> bool:
    """Whether there is a plan that fits the record."""
    labels = planned_labels()
    return "*" in labels or record.entity_label() in labels


class PlanForm(forms.Form):
    """Which plan, and the day from which its steps count."""

    plan = forms.ModelChoiceField(ActivityPlan.objects.none(), label=gettext_lazy("Plan"))
    anchor = DayInput(label=gettext_lazy("Counts from"), widget=DayInput.widget, required=False)

    def __init__(self, *args: Any, user: Any, record: Record, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].queryset = plans_for(record.entity_label())
        if not self.is_bound:
            self.initial.setdefault("anchor", timezone.localdate())


@transaction.atomic
def apply_plan(record: Record, *, actor: Actor, plan: ActivityPlan, anchor: date | None = None) -> Record:
    """Make the tasks of a plan about the record, in one change set. PermissionDenied where the actor may not add them or give
    them to whom a step names."""
    if not policy.can(actor.user, LABEL, "add"):
        raise PermissionDenied(_("%(user)s may not add tasks.") % {"user": actor.user})
    steps = list(plan.steps.select_related("person", "role"))
    if not steps:
        raise ValidationError(_("The plan has no steps."))
    anchor = anchor or timezone.localdate()
    title = f"{plan}: {record}"
    actor = replace(actor, changes=actor.changes or records.change_set("plan", actor=actor, entity=LABEL, title=title))
    made = [_task(step, record, anchor, doer) for step, doer in zip(steps, _doers(steps, record, actor), strict=True)]
    records.save_many(made, actor=actor)
    return record


def _task(step: PlanStep, record: Record, anchor: date, doer: User) -> Task:
    return Task(
        owner=doer,
        subject=step.subject,
        kind=step.kind,
        priority=step.priority,
        description=step.description,
        checklist=step.checklist,
        due_at=due_of(step.days, anchor, worktime_of(doer)),
        on_entity=record.entity_label(),
        on_id=record.pk,
    )


def due_of(days: int, anchor: date, work: WorkTime) -> datetime:
    """The end of the working day that lies so many working days after the anchor day, or before it."""
    start = datetime.combine(anchor, EVENING, work.zone)
    if days >= 0:
        return work.days_after(start, days)
    left, day = -days, anchor
    for _step in range(HORIZON):
        day -= timedelta(days=1)
        if work.is_working_day(day):
            left -= 1
            if not left:
                return work.spans(day)[-1][1]
    return start + timedelta(days=days)


def _doers(steps: Iterable[PlanStep], record: Record, actor: Actor) -> list[User]:
    """Who does each step; the owner of the record where the person or the role has nobody any more."""
    owner = record.owner or actor.user
    found = []
    for step in steps:
        doer = owner
        if step.to == PlanStep.To.PERSON and step.person is not None and step.person.is_active:
            doer = step.person
        elif step.to == PlanStep.To.ROLE and step.role is not None:
            doer = _least_busy(step, owner) or owner
        if doer.pk != actor.user.pk and not policy.can_assign(actor.user, LABEL, doer):
            said = _("%(user)s may not give tasks to %(owner)s.") % {"user": actor.user, "owner": doer}
            raise PermissionDenied(said)
        found.append(doer)
    return found


def _least_busy(step: PlanStep, owner: User) -> User | None:
    """Who of the role has least to do: those of the owner's department first, nobody who is away."""
    open_ones = Count("pk", filter=Q(status__in=Task.TO_DO))
    people = list(
        User.objects.filter(roles=step.role, is_active=True).exclude(pk__in=away(timezone.now())).order_by("pk")
    )
    near = [
        person for person in people if owner.department_id and person.department_id == owner.department_id
    ] or people
    if not near:
        return None
    rows = (
        Task.objects.filter(owner__in=near, deleted_at__isnull=True)
        .order_by()
        .values_list("owner")
        .annotate(count=open_ones)
    )
    busy = dict(rows)
    return min(near, key=lambda person: (busy.get(person.pk, 0), person.pk))


def plan_action() -> Action:
    """The verb that every record has which takes activities, while there is a plan for it."""
    return Action(
        "plan", gettext_lazy("Apply a plan"), apply_plan, "clipboard-list", PlanForm, when=has_plans, bulk=True
    )


def plan_entities() -> list[tuple[str, str]]:
    """(label, name) of what plans can be made for."""
    return sorted((label, str(entity.plural)) for label, entity in registry.items() if takes_plans(entity))
