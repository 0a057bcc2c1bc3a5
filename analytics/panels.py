"""The value of an account on its page: its class, and how it moved."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import RfmClass, RfmStep
from crm.entities.bound import bind
from crm.entities.entity import contribute_figures, registry
from crm.entities.panels import record_tab
from crm.matching.merging.links import stays
from customers.models import Account
from customers.purchases import ACCOUNT

FIELDS = ("rfm.class", "rfm.recency", "rfm.frequency", "rfm.monetary", "rfm.last_on", "rfm.times", "rfm.amount")
STEPS = 60
stays(
    "analytics.rfmstep",
    "account",
    gettext_lazy("Scores tell how somebody bought by then; the next run scores what was merged."),
)


def _knows(account: Account, user: Any) -> bool:
    return bool(bind(registry[ACCOUNT], user).readable(["rfm.class"]))


@contribute_figures(ACCOUNT)
def rfm_figure(account: Account, user: Any) -> list[dict]:
    """The class of who bought; it comes with the record, no query."""
    score = getattr(account, "rfm", None)
    if score is None or score.rfm_class == RfmClass.NONE or not _knows(account, user):
        return []
    return [{"label": "RFM", "value": score.get_rfm_class_display(), "note": str(score), "url": "?tab=rfm"}]


@record_tab(
    ACCOUNT, "rfm", gettext_lazy("Customer value"), icon="chart-dots", template="analytics/rfm_tab.html", when=_knows
)
def trend(account: Account, user: Any) -> dict:
    """The scores as they stand, and since when they were what."""
    bound = bind(registry[ACCOUNT], user)
    whole = len(bound.readable(FIELDS[1:4])) == len(FIELDS[1:4])
    steps = RfmStep.objects.filter(account=account).select_related("run").order_by("-run_id")[:STEPS]
    found = list(steps)[::-1]
    series = [(_("R recency"), "recency"), (_("F frequency"), "frequency"), (_("M amount"), "monetary")]
    spec = {
        "kind": "lines",
        "x": [f"{step.run.at:%Y-%m-%d}" for step in found],
        "series": [{"name": name, "data": [getattr(step, code) for step in found]} for name, code in series],
    }
    return {"record": account, "fields": bound.visible(FIELDS), "steps": found[::-1], "whole": whole, "spec": spec}
