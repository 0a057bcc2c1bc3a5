"""“Create a task” and “finish it” as effects of rules and approvals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.access import policy
from crm.activities.models import Task
from crm.activities.services import EVENING, complete_task
from crm.entities.effects import ParamsForm, effect
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry, Record
from crm.reference.calendars import worktime_of
from crm.users.models import User

LABEL = "activities.task"
FOR = (
    ("owner", gettext_lazy("The owner")),
    ("manager", gettext_lazy("The owner's superior")),
    ("person", gettext_lazy("This person")),
)


class TaskParams(ParamsForm):
    """What is to be done, by whom, and in how many days."""

    subject = forms.CharField(max_length=300, label=gettext_lazy("Subject"))
    to = forms.ChoiceField(choices=FOR, label=gettext_lazy("For"))
    person = forms.ModelChoiceField(
        User.objects.filter(is_active=True), required=False, label=gettext_lazy("Which person")
    )
    kind = forms.ChoiceField(choices=Task.Kind.choices, label=gettext_lazy("Kind"), initial=Task.Kind.TASK)
    priority = forms.ChoiceField(
        choices=Task.Priority.choices, label=gettext_lazy("Priority"), initial=Task.Priority.NORMAL
    )
    days = forms.IntegerField(
        min_value=0,
        max_value=400,
        required=False,
        label=gettext_lazy("Due in days"),
        help_text=gettext_lazy("Empty: without a day."),
    )
    working = forms.BooleanField(required=False, label=gettext_lazy("Count working days"))
    description = forms.CharField(
        required=False, max_length=5000, label=gettext_lazy("Description"), widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("to") == "person" and not given.get("person"):
            self.add_error("person", _("Choose a person."))
        return given


def _said(params: Mapping[str, Any]) -> str:
    to = str(params["person"]) if params["to"] == "person" else dict(FOR)[params["to"]]
    told = {"subject": params["subject"], "to": to}
    if params["days"] is None:
        return _("Task “%(subject)s” for: %(to)s") % told
    days = params["days"]
    when = ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return _("Task “%(subject)s” for: %(to)s, due %(when)s") % (told | {"when": when})


@effect(
    "create_task", gettext_lazy("Create a task"), "square-check", form=TaskParams, permission="view", describe=_said
)
def create_task(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """A task about the record, within the actor's right to add tasks and to give them to others."""
    owner = _owner(record, params) or actor.user
    if not policy.can(actor.user, LABEL, "add"):
        raise PermissionDenied(_("%(user)s may not add tasks.") % {"user": actor.user})
    if owner.pk != actor.user.pk and not policy.can_assign(actor.user, LABEL, owner):
        raise PermissionDenied(_("%(user)s may not give tasks to %(owner)s.") % {"user": actor.user, "owner": owner})
    task = Task(
        owner=owner,
        subject=params["subject"],
        kind=params["kind"],
        priority=params["priority"],
        description=params["description"],
        due_at=_due(owner, params),
        on_entity=record.entity_label(),
        on_id=record.pk,
    )
    records.save(task, actor=actor)
    return _("Created the task “%(task)s” for %(owner)s.") % {"task": task, "owner": owner}


class FinishParams(ParamsForm):
    """What came of them."""

    outcome = forms.CharField(max_length=200, required=False, label=gettext_lazy("Outcome"))


@effect("finish_tasks", gettext_lazy("Finish the tasks it created"), "checks", form=FinishParams, permission="view")
def finish_tasks(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """What the same run asked for has happened: whoever did it needs not tick it off as well."""
    tasks = []
    if changes := actor.changes:
        made = Entry.objects.filter(change_set=changes, at__gte=changes.at, kind=f"{LABEL}.created")
        mine = Task.objects.alive().filter(pk__in=made.values("record_id"), status__in=Task.TO_DO)
        tasks = list(mine.select_for_update(of=("self",)))
    for task in tasks:
        complete_task(task, actor=actor, outcome=params["outcome"])
    return ngettext("Finished %(n)d task.", "Finished %(n)d tasks.", len(tasks)) % {"n": len(tasks)}


def _owner(record: Record, params: Mapping[str, Any]) -> User | None:
    """Whose the task is; None where it would be the owner's of a record that lies in a pool."""
    match params["to"]:
        case "person":
            return params["person"]
        case "manager":
            return record.owner and (record.owner.manager or record.owner)
    return record.owner


def _due(owner: User, params: Mapping[str, Any]) -> datetime | None:
    if params["days"] is None:
        return None
    now = timezone.now()
    if params["working"]:
        return worktime_of(owner).days_after(now, params["days"])
    day = timezone.localdate(now) + timedelta(days=params["days"])
    return timezone.make_aware(datetime.combine(day, EVENING))
