"""The value of an account or a person on their page: its class, and how it moved."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import SCORED, RfmClass
from crm.entities.bound import bind
from crm.entities.entity import contribute_figures, registry
from crm.entities.panels import record_tab
from crm.matching.merging.links import stays

FIELDS = ("rfm.class", "rfm.recency", "rfm.frequency", "rfm.monetary", "rfm.last_on", "rfm.times", "rfm.amount")
STEPS = 60
WHY = gettext_lazy("Scores tell how somebody bought by then; the next run scores what was merged.")
TITLE = gettext_lazy("Customer value")


def _knows(record: Any, user: Any) -> bool:
    return bool(bind(registry[record.entity_label()], user).readable(["rfm.class"]))


def rfm_figure(record: Any, user: Any) -> list[dict]:
    """The class of who bought; it comes with the record, no query."""
    score = getattr(record, "rfm", None)
    if score is None or score.rfm_class == RfmClass.NONE or not _knows(record, user):
        return []
    return [{"label": "RFM", "value": score.get_rfm_class_display(), "note": str(score), "url": "?tab=rfm"}]


def trend(record: Any, user: Any) -> dict:
    """The scores as they stand, and since when they were what."""
    label = record.entity_label()
    bound = bind(registry[label], user)
    whole = len(bound.readable(FIELDS[1:4])) == len(FIELDS[1:4])
    found = SCORED[label].trend(record, STEPS)
    series = [(_("R recency"), "recency"), (_("F frequency"), "frequency"), (_("M amount"), "monetary")]
    spec = {
        "kind": "lines",
        "x": [f"{step.run.at:%Y-%m-%d}" for step in found],
        "series": [{"name": name, "data": [getattr(step, code) for step in found]} for name, code in series],
    }
    return {"record": record, "fields": bound.visible(FIELDS), "steps": found[::-1], "whole": whole, "spec": spec}


for label, of in SCORED.items():
    stays(of.steps._meta.label_lower, of.link, WHY)
    contribute_figures(label)(rfm_figure)
    record_tab(label, "rfm", TITLE, icon="chart-dots", template="analytics/rfm_tab.html", when=_knows)(trend)
