"""What sales say of how things stand with a customer: deals that rot or are late, and the next step they ask for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.access import policy
from crm.entities.entity import registry
from customers.models import Account
from customers.profile.advice import Advice, advice, knows
from customers.profile.risks import Finding, risk
from sales.models import Opportunity

ACCOUNT, DEAL = "customers.account", "sales.opportunity"


def _deals(user: Any) -> QuerySet:
    """Opportunities: all for the stored score, else those that the user may see."""
    return Opportunity.objects.restrict(user) if user is not None else Opportunity.objects.alive()


def _may(user: Any, *names: str) -> bool:
    return user is None or (policy.can(user, DEAL, "view") and knows(user, DEAL, "account", "state", *names))


def _count(rows: QuerySet, each: int, most: int) -> dict[int, Finding]:
    counted = rows.values_list("account").annotate(n=Count("pk")).order_by()
    return {pk: Finding(min(most, each * n), {"n": n}) for pk, n in counted}


def _rotting(finding: Finding) -> str:
    n = finding.params["n"]
    return ngettext(
        "%(n)d opportunity is stalled in its stage", "%(n)d opportunities are stalled in their stages", n
    ) % {"n": n}


def _late(finding: Finding) -> str:
    n = finding.params["n"]
    return ngettext("%(n)d opportunity is past its close date", "%(n)d opportunities are past their close dates", n) % {
        "n": n
    }


def _open_list(account: Account, finding: Finding) -> str:
    return f"{registry[DEAL].url('list')}?account={account.pk}&state=open"


@risk(ACCOUNT, "rotting", gettext_lazy("Stalled opportunities"), told=_rotting, url=_open_list)
def rotting(ids: Collection[int], now: datetime, user: Any = None) -> dict[int, Finding]:
    """Opportunities that lie in their stage for longer than it allows."""
    if not _may(user, "stage"):
        return {}
    stalled = Opportunity.objects.stalled(now).filter(account__in=ids).values("pk")
    return _count(_deals(user).filter(pk__in=stalled), 10, 30)


@risk(ACCOUNT, "late", gettext_lazy("Opportunities past their date"), told=_late, url=_open_list)
def late(ids: Collection[int], now: datetime, user: Any = None) -> dict[int, Finding]:
    """Open opportunities whose close date has passed."""
    if not _may(user, "close_date"):
        return {}
    return _count(_deals(user).overdue(timezone.localdate(now)).filter(account__in=ids), 5, 15)


@advice(ACCOUNT, "deal_without_step", order=20)
def deal_without_step(account: Account, user: Any, now: datetime) -> Advice | None:
    """An open opportunity without a next step goes nowhere."""
    if not _may(user, "next_step", "next_step_on"):
        return None
    rows = _deals(user).open().filter(account=account, next_step="", next_step_on=None)
    deal = rows.order_by("-amount_key", "pk").first()
    if deal is None:
        return None
    why = _("The opportunity is open, and nothing is planned for it.")
    url = registry[DEAL].url("record", deal.pk)
    return Advice(_("Plan the next step of “%(deal)s”") % {"deal": deal}, why, _("Open"), url)


@advice(ACCOUNT, "deal_stalled", order=25)
def deal_stalled(account: Account, user: Any, now: datetime) -> Advice | None:
    """A stalled opportunity wants to be moved or closed."""
    if not _may(user, "stage"):
        return None
    stalled = Opportunity.objects.stalled(now).filter(account=account).values("pk")
    deal = _deals(user).filter(pk__in=stalled).select_related("stage").order_by("stage_entered_at", "pk").first()
    if deal is None:
        return None
    days = deal.days_in_stage or 0
    why = ngettext(
        "It has been in “%(stage)s” for %(days)d day.", "It has been in “%(stage)s” for %(days)d days.", days
    )
    text = _("Move “%(deal)s” on, or close it") % {"deal": deal}
    url = registry[DEAL].url("record", deal.pk)
    return Advice(text, why % {"stage": deal.stage, "days": days}, _("Open"), url)
