"""What stands on the home page about money: what is overdue, what comes due, and how old it is."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Sum, Value, When
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.home.widgets import widget
from crm.lib.money import short_money
from sales.receivables.models import Instalment

LABEL = "receivables.instalment"
SHOWN = 8
DAYS = 14
BANDS = ((30, "0–30"), (60, "31–60"), (90, "61–90"))


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
    names = bind(entity, user).texts(found, ("account",))
    return {
        "rows": [
            {
                "row": row,
                "account": names[row.pk].get("account", ""),
                "late": (today - row.due_on).days,
                "url": entity.url("record", row.pk),
            }
            for row in found
        ],
        "ageing": ageing(user, today),
        "all_url": f"{entity.url('list')}?view=overdue",
    }


def ageing(user: Any, today: date) -> list[dict[str, Any]]:
    """What is overdue by how many days: 0–30, 31–60, 61–90, more; a row each with its sums by currency."""
    days = [When(due_on__gte=today - timedelta(days=limit), then=Value(limit)) for limit, _name in BANDS]
    rows = Instalment.objects.restrict(user).filter(deleted_at__isnull=True, state="overdue").order_by()
    rows = rows.annotate(band=Case(*days, default=Value(0))).values("band", "currency")
    sums: dict[int, list[tuple[str, Decimal, int]]] = {}
    for row in rows.annotate(n=Count("pk"), open=Sum(F("amount") - F("received") - F("written_off"))):
        sums.setdefault(row["band"], []).append((row["currency"], row["open"], row["n"]))
    bands = [*BANDS, (0, "90+")]
    return [
        {
            "label": _("%(days)s days") % {"days": name},
            "value": " + ".join(short_money(t, c, get_language() or "en") for c, t, _n in sums.get(limit, ())) or "–",
            "count": sum(count for _c, _t, count in sums.get(limit, ())),
        }
        for limit, name in bands
    ]
