"""What may go wrong with an account: each app contributes risks, and the health of an account is what they leave of a hundred.

    @risk("customers.account", "overdue", _("Payment overdue"), told=…)
    def overdue(ids, now, user=None): return {account id: Finding(points, {…})}

The stored score knows every risk; what one person reads of it are those findings that ``user`` may know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.access import policy
from customers.models import Account

ACCOUNT = "customers.account"
FULL = 100
# Days of silence from which on so many points are lost.
SILENT = ((90, 45), (60, 30), (30, 15))
# Whom nobody looks after is neither well nor ill.
WATCHED = (Account.Kind.PROSPECT, Account.Kind.CUSTOMER, Account.Kind.PARTNER)


@dataclass(frozen=True)
class Finding:
    """One risk of one record: how many points it costs, and what there is to tell of it."""

    points: int
    params: Mapping[str, Any] = field(default_factory=dict)


class Find(Protocol):
    """Which of the records ``ids`` run the risk; with ``user`` as far as that person may know."""

    def __call__(self, ids: Collection[int], now: datetime, user: Any = None) -> dict[int, Finding]: ...


@dataclass(frozen=True)
class RiskKind:
    """``told(finding)`` says it in words; ``url(record, finding)`` leads to what it is about."""

    code: str
    name: Any
    find: Find
    told: Callable[[Finding], str]
    url: Callable[[Any, Finding], str]


_kinds: dict[str, list[RiskKind]] = {}


def risk(
    label: str,
    code: str,
    name: Any,
    *,
    told: Callable[[Finding], str],
    url: Callable[[Any, Finding], str] = lambda record, finding: "",
) -> Callable[[Find], Find]:
    """Decorator: contribute a kind of risk to the records of entity ``label``."""

    def add(find: Find) -> Find:
        _kinds.setdefault(label, []).append(RiskKind(code, name, find, told, url))
        return find

    return add


def risk_kinds(label: str) -> list[RiskKind]:
    """The kinds of risks that records of the entity may run."""
    return _kinds.get(label, [])


def _days(finding: Finding) -> str:
    days = finding.params["days"]
    return ngettext("No contact for %(days)d day", "No contact for %(days)d days", days) % {"days": days}


@risk(ACCOUNT, "silence", gettext_lazy("Silence"), told=_days)
def silence(ids: Collection[int], now: datetime, user: Any = None) -> dict[int, Finding]:
    """Accounts that nobody has been in contact with, since they are known."""
    if user is not None and policy.field_mode(user, [(ACCOUNT, "last_activity_at")]) not in {None, policy.Mode.READ}:
        return {}
    rows = Account._base_manager.filter(pk__in=ids, kind__in=WATCHED).exclude(lifecycle=Account.Lifecycle.LOST)
    found = {}
    for pk, last in rows.annotate(last=Coalesce("last_activity_at", "created_at")).values_list("pk", "last"):
        days = (now - last).days
        points = next((points for limit, points in SILENT if days >= limit), 0)
        if points:
            found[pk] = Finding(points, {"days": days})
    return found


def in_words(health: int) -> str:
    """What a score means."""
    if health >= 80:
        return _("Good")
    return _("Watch") if health >= 60 else _("At risk")


def tone(health: int) -> str:
    """The class of the colour of a score."""
    return "" if health >= 80 else "amber" if health >= 60 else "seal"
