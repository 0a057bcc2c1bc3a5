"""Who hears when money comes due and when it does not come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from crm.notifications.services import notify
from sales.receivables.models import Instalment
from sales.receivables.notices import DUE, OVERDUE

# Days overdue from which on the owner's superior, and theirs, hear of it, too.
ESCALATION = ((7, 1), (30, 2))


def remind(today: date | None = None) -> int:
    """Each instalment is told once before it is due, once overdue, and at each step of escalation; how many were told."""
    day = today or timezone.localdate()
    told = 0
    for row in _rows(Instalment.State.DUE).filter(due_on__gte=day, due_on__lte=day + timedelta(days=60)):
        told += _tell([row.contract.owner_id], DUE, row, f"instalment_due:{row.pk}:{row.due_on}")
    since = day - timedelta(days=max(days for days, _steps in ESCALATION) + 30)
    for row in _rows(Instalment.State.OVERDUE).filter(due_on__gte=since):
        late = (day - row.due_on).days
        told += _tell([row.contract.owner_id], OVERDUE, row, f"instalment_overdue:{row.pk}:{row.due_on}")
        for days, steps in ESCALATION:
            if late >= days:
                key = f"instalment_overdue:{row.pk}:{row.due_on}:{days}"
                told += _tell(_above(row, steps), OVERDUE, row, key)
    return told


def _rows(state: str) -> QuerySet[Instalment]:
    found = Instalment.objects.alive().filter(state=state).select_related("contract__owner__manager__manager")
    return found.order_by("due_key", "pk")


def _above(row: Instalment, steps: int) -> list[int]:
    person = row.contract.owner
    for _step in range(steps):
        person = person.manager if person is not None else None
    return [person.pk] if person is not None else []


def _tell(users: Iterable[int], kind: str, row: Instalment, key: str) -> int:
    return len(notify(users, kind, record=row, data={"day": row.due_on.isoformat()}, why="owner", key=key))
