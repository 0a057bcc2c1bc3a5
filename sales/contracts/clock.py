"""What the day does to contracts: they come into force, they are to be renewed, they end."""

from __future__ import annotations

from datetime import date

from django.db.models import F, Q
from django.utils import timezone

from crm.notifications.services import notify
from crm.records.actor import Actor
from sales.contracts import making, services
from sales.contracts.models import Contract
from sales.contracts.notices import ENDING, EXPIRED

CLOCK = Actor(None, "clock:contracts")
State = Contract.State


def turn(today: date | None = None) -> dict[str, int]:
    """Do what is due on this day; doing it again does nothing more. How many of each."""
    day = today or timezone.localdate()
    return {"begun": _begin(day), "reminded": _remind(day), "ended": _end(day)}


def _begin(day: date) -> int:
    rows = Contract.objects.alive().filter(state=State.SIGNED, starts_on__lte=day)
    rows = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))
    return len([services.activate_contract(contract, actor=CLOCK) for contract in rows])


def _remind(day: date) -> int:
    """Whoever owns it hears so once for each end; one that renews by itself gets its successor as a draft."""
    rows = Contract.objects.alive().filter(
        state__in=(State.SIGNED, State.ACTIVE), ends_on__gte=day, ends_on__lte=F("remind_days") + day
    )
    told = 0
    for contract in rows.select_related("owner"):
        key = f"contract_ending:{contract.pk}:{contract.ends_on}"
        made = notify(
            [contract.owner_id],
            ENDING,
            record=contract,
            data={"day": contract.ends_on.isoformat()},
            why="owner",
            key=key,
        )
        told += len(made)
        if contract.renews:
            making.renew_contract(contract, actor=CLOCK)
    return told


def _end(day: date) -> int:
    rows = list(Contract.objects.alive().filter(state__in=(State.SIGNED, State.ACTIVE), ends_on__lt=day))
    for contract in rows:
        ended = services.expire_contract(contract, actor=CLOCK)
        key = f"contract_expired:{contract.pk}:{contract.ends_on}"
        notify([ended.owner_id], EXPIRED, record=ended, data={"day": str(contract.ends_on)}, why="owner", key=key)
    return len(rows)
