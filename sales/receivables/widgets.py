"""What stands on the home page about money: what is overdue, what comes due, and how old it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.home.widgets import widget
from crm.lib.money import short_money
from sales.receivables import ageing
from sales.receivables.models import Instalment

LABEL = "receivables.instalment"
SHOWN = 8
DAYS = 14


def may(user: Any) -> bool:
    """Whether the user sees instalments with their amounts."""
    if not policy.can(user, LABEL, "view"):
        return False
    names = ("amount", "received", "written_off", "due_on", "state")
    return len(bind(registry[LABEL], user).readable(list(names))) == len(names)


@widget("payments_due", slot="main", order=15, template="receivables/due.html", allowed=may, lazy=True)
def payments_due(user: Any) -> dict | None:
    """The oldest overdue first, then what comes due within two weeks; with the ageing of everything overdue."""
    today = timezone.localdate()
    rows = Instalment.objects.restrict(user).filter(
        deleted_at__isnull=True,
        state__in=("due", "partially_paid", "overdue"),
        due_on__lte=today + timedelta(days=DAYS),
    )
    found = list(rows.select_related("contract", "account").order_by("due_key", "pk")[:SHOWN])
    if not found:
        return None
    entity = registry[LABEL]
    names = bind(entity, user).texts(found, ("account", "contract__number"))
    return {
        "rows": [
            {
                "row": row,
                "account": names[row.pk].get("account", ""),
                "contract": names[row.pk].get("contract__number", ""),
                "late": (today - row.due_on).days,
                "url": entity.url("record", row.pk),
            }
            for row in found
        ],
        "ageing": [
            (band, " + ".join(short_money(t, c, get_language() or "en") for c, t in band.of.items()) or "–")
            for band in ageing.bands(user, today)
        ],
        "all_url": f"{entity.url('list')}?view=overdue",
    }
