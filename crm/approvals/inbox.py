"""The four lists of a person: what waits for them, what they asked for, what they decided, what was copied to them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.approvals.people import stands_for
from crm.users.models import User

State, Task = ApprovalInstance.State, ApprovalTask.State
SIGN, COPY = ApprovalTask.Kind.SIGN, ApprovalTask.Kind.COPY
TABS = {
    "waiting": _("Waiting for me"),
    "mine": _("Asked by me"),
    "done": _("Decided by me"),
    "copies": _("Copied to me"),
}
MOST = 99
WITH = ("process", "version", "requester")


def waiting(user: User, now: datetime | None = None) -> QuerySet[ApprovalTask]:
    """Open tasks of the person and of those for whom they decide, the most urgent first."""
    others = stands_for(user, now or timezone.now()) - {user.pk}
    reach = Q(user=user)
    if others:
        reach |= Q(user__in=others) & ~Q(instance__requester=user)
    rows = ApprovalTask.objects.filter(reach, state=Task.OPEN, kind=SIGN, instance__state=State.RUNNING)
    return rows.select_related("user", *(f"instance__{name}" for name in WITH)).order_by("due_at", "id")


def asked(user: User) -> QuerySet[ApprovalInstance]:
    """What the person asked for, the newest first."""
    return ApprovalInstance.objects.filter(requester=user).select_related(*WITH).order_by("-id")


def decided(user: User) -> QuerySet[ApprovalTask]:
    """What the person decided, also for somebody else."""
    verdicts = (Task.APPROVED, Task.REJECTED, Task.RETURNED, Task.TRANSFERRED, Task.UNDONE)
    rows = ApprovalTask.objects.filter(decided_by=user, kind=SIGN, state__in=verdicts)
    return rows.select_related("user", *(f"instance__{name}" for name in WITH)).order_by("-decided_at", "-id")


def copies(user: User) -> QuerySet[ApprovalTask]:
    """What was copied to the person."""
    rows = ApprovalTask.objects.filter(user=user, kind=COPY)
    return rows.select_related("user", *(f"instance__{name}" for name in WITH)).order_by("-id")


def count_waiting(user: User) -> int:
    """How many wait for the person, up to one more than is shown."""
    return len(waiting(user).order_by().values_list("pk")[: MOST + 1])


def shown(number: int) -> str:
    """A count as it stands in the navigation; empty for none."""
    return "" if not number else f"{MOST}+" if number > MOST else str(number)
