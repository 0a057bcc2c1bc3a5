"""Numbers of sales within the reader's rights. Every number knows the address of exactly the rows it counts.

The conditions here and those in the addresses must say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import get_language, ngettext

from crm.access import policy
from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.money import short_money
from sales.models import Opportunity, Stage

LABEL = "sales.opportunity"


def may(user: Any) -> bool:
    """Whether the user sees opportunities at all."""
    return policy.can(user, LABEL, "view")


def is_wide(user: Any) -> bool:
    """Whether the user sees more than their own opportunities: then the numbers are the team's."""
    return policy.access_of(user).scope(LABEL, "view") >= Scope.TEAM


def readable(user: Any) -> frozenset[str]:
    """The fields of opportunities whose true values the user may know, and so filter by."""
    return frozenset(bind(registry[LABEL], user).filterable)


def address(**query: Any) -> str:
    """The list of opportunities under these conditions; values that are None are left out."""
    asked = [(name, value) for name, value in query.items() if value is not None]
    return f"{registry[LABEL].url('list')}?{urlencode(asked, doseq=True)}"


@dataclass(frozen=True)
class Money:
    """A sum in one currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return short_money(self.amount, self.currency, get_language() or "en")


@dataclass
class Tally:
    """How many, and how much of each currency (empty where amounts may not be known); ``url`` shows the rows."""

    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    weighted: dict[str, Decimal] = field(default_factory=dict)
    url: str = ""

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a grouped row with ``count``, ``currency``, ``total`` and perhaps ``expected``."""
        self.count += row["count"]
        for sums, name in ((self.sums, "total"), (self.weighted, "expected")):
            if amount := row.get(name):
                sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + amount

    @property
    def money(self) -> str:
        """The sums as people read them: “¥1.2M + $30K”."""
        return shown(self.sums)

    @property
    def expected(self) -> str:
        """The weighted sums as people read them."""
        return shown(self.weighted)

    @property
    def counted(self) -> str:
        return ngettext("%(count)d opportunity", "%(count)d opportunities", self.count) % {"count": self.count}


def shown(sums: Mapping[str, Decimal]) -> str:
    """Sums of several currencies, largest first."""
    return " + ".join(str(Money(a, c)) for c, a in sorted(sums.items(), key=lambda item: -item[1]))


def grouped(rows: QuerySet, *names: str, money: bool) -> QuerySet:
    """The rows counted by ``names`` and currency; without ``money`` nothing is added up."""
    figures: dict[str, Any] = {"count": Count("*")} | ({"total": Sum("amount")} if money else {})
    return rows.order_by().values(*names, "currency").annotate(**figures)


def stalled_address(stage: Stage, **query: Any) -> str:
    """The list of what stalls in a stage that has a limit."""
    return address(state="open", stage=stage.pk, stage_entered_at__full_days=stage.rotting_days, **query)


def month_span(today: date) -> tuple[date, date]:
    """First and last day of the month of ``today``."""
    first = today.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def mine(user: Any) -> QuerySet:
    """The opportunities that home speaks of."""
    return Opportunity.objects.restrict(user).filter(home(user))


def home(user: Any) -> Q:
    """The condition on them: all that a leader sees, else one's own."""
    return Q() if is_wide(user) else Q(owner=user)


def mine_query(user: Any) -> dict[str, Any]:
    """What an address says for ``mine``."""
    return {} if is_wide(user) else {"owner__me": 1}


def today_of() -> date:
    """Today where the reader is."""
    return timezone.localdate()
