"""Who is told what of a request, by whichever ways they chose; who may not see the record hears nothing of its name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.approvals.people import receivers
from crm.approvals.tokens import mail_address
from crm.records.actor import Actor
from crm.records.models import Record
from crm.records.telling import tell
from crm.users.models import User

# The same sentences where the reader may not know which record it is; those with it stand in crm/notifications/notices.py.
BLIND = {
    "approval_waiting": _("%(actor)s asks for your approval: %(process)s"),
    "approval_late": _("Waiting for your approval: %(process)s"),
    "approval_copied": _("%(actor)s lets you know: %(process)s"),
    "approval_decided": _("%(process)s: %(outcome)s"),
}


def tell_signer(task: ApprovalTask, record: Record, *, actor: Actor, now: datetime, late: bool = False) -> None:
    """The person whose turn it is, and their deputy while they are away."""
    instance = task.instance
    kind = "approval_late" if late else "approval_waiting"
    key = f"{kind}:{task.pk}:{now.isoformat() if late else ''}"[:200]
    asker = Actor(instance.requester if not late else None, actor.cause)
    for person in User.objects.filter(pk__in=receivers([task.user_id], now) - {instance.requester_id}):
        data = {"process": str(instance.process)}
        if instance.process.by_mail:
            data["mail_url"] = mail_address(task, person)
        url = reverse("approvals:task", args=[task.pk])
        _tell([person], kind, instance, record, actor=asker, data=data, url=url, key=key)


def tell_copied(people: Iterable[User], instance: ApprovalInstance, record: Record, *, actor: Actor) -> None:
    """Those to whom it is copied."""
    key = f"approval_copied:{instance.pk}:{actor.cause}"[:200]
    _tell(people, "approval_copied", instance, record, actor=actor, data={"process": str(instance.process)}, key=key)


def tell_requester(instance: ApprovalInstance, record: Record, outcome: Any, *, actor: Actor, key: str) -> None:
    """Whoever asked, of what became of it."""
    data = {"process": str(instance.process), "outcome": str(outcome)}
    _tell([instance.requester], "approval_decided", instance, record, actor=actor, data=data, key=key)


def tell_settled(people: Iterable[int], instance: ApprovalInstance, record: Record, *, actor: Actor) -> None:
    """Those who need not decide any more."""
    data = {"process": str(instance.process), "outcome": str(instance.get_state_display())}
    rows = User.objects.filter(pk__in=list(people), is_active=True)
    _tell(rows, "approval_decided", instance, record, actor=actor, data=data, key=f"approval_off:{instance.pk}")


def _tell(people: Iterable[User], kind: str, instance: ApprovalInstance, record: Record, **options: Any) -> None:
    options.setdefault("url", reverse("approvals:instance", args=[instance.pk]))
    for person in people:
        sees = policy.can_record(person, record, "view")
        known: dict[str, Any] = {"record": record} if sees else {"text": BLIND[kind]}
        tell([person], kind, **known, **options)
