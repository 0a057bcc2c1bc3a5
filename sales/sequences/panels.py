"""What record pages show of sequences."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.access import policy
from crm.entities.bound import bind, knows
from crm.entities.entity import registry
from crm.entities.panels import panel
from crm.records.models import Record
from sales.sequences.entering import LABELS, steps_of
from sales.sequences.models import Enrolment, Sequence

LABEL = "sequences.enrolment"
FIGURES = {
    "enrolled": Q(),
    "active": Q(state__in=Enrolment.RUNNING),
    "replied": Q(replied_at__isnull=False),
    "met": Q(met_at__isnull=False),
    "bounced": Q(bounced_at__isnull=False),
    "finished": Q(state=Enrolment.State.FINISHED),
}


def figures_of(sequence: Sequence, user: Any) -> dict[str, int] | None:
    """How many went through it and what came of it, of the enrolments that ``user`` sees; None where they see none at all."""
    names = ("sequence", "state", "replied_at", "met_at", "bounced_at")
    bound = bind(registry[LABEL], user)
    if not bound.can("view") or len(bound.readable(names)) < len(names):
        return None
    rows = Enrolment.objects.restrict(user).filter(sequence=sequence, deleted_at__isnull=True)
    return rows.order_by().aggregate(**{name: Count("pk", filter=where) for name, where in FIGURES.items()})


@panel("sequences.sequence", slot="top", template="sequences/sequence.html")
def course(record: Sequence, user: Any) -> dict:
    """The steps in their order and what came of them."""
    found = figures_of(record, user)
    labels = {
        "enrolled": (_("Enrolled"), ""),
        "active": (pgettext("enrolment", "Under way"), "&state=active&state=paused"),
        "replied": (_("Replied"), "&replied_at__filled=1"),
        "met": (_("Meetings"), "&met_at__filled=1"),
        "bounced": (_("Came back"), "&bounced_at__filled=1"),
        "finished": (_("Finished"), "&state=finished"),
    }
    url = registry[LABEL].url("list")
    figures = [
        {
            "label": label,
            "value": found[name],
            "url": f"{url}?sequence={record.pk}{query}",
            "share": f"{100 * found[name] // found['enrolled']}%" if found["enrolled"] and name != "enrolled" else "",
        }
        for name, (label, query) in labels.items()
    ] if found else []  # fmt: skip
    may = not record.deleted_at and policy.can_record(user, record, "change")
    edit_url = reverse("sequences:steps", args=[record.pk]) if may else ""
    return {"steps": steps_of(record), "figures": figures, "edit_url": edit_url}


@panel(LABEL, slot="top", template="sequences/way.html")
def way(record: Enrolment, user: Any) -> dict:
    """Which steps were taken, and what is next."""
    taken = {run.step_id: run for run in record.runs.all()}
    steps = [
        {"step": step, "run": taken.get(step.pk), "next": step.pk == record.step_id}
        for step in steps_of(record.sequence)
    ]
    return {"steps": steps, "enrolment": record}


def under_way(record: Record, user: Any) -> dict | None:
    """The sequences that the person goes through just now, as far as ``user`` sees the enrolments."""
    if not knows(user, LABEL, "sequence", "state", "note", "step", "next_at"):
        return None
    link = {"sales.lead": "lead", "customers.contact": "contact", "sales.opportunity": "opportunity"}
    rows = Enrolment.objects.restrict(user).filter(
        **{link[record.entity_label()]: record}, state__in=Enrolment.RUNNING, deleted_at__isnull=True
    )
    found = list(rows.select_related("sequence", "step__template")[:5])
    entity = registry[LABEL]
    return {"rows": [{"row": row, "url": entity.url("record", row.pk)} for row in found]} if found else None


for label in LABELS:
    panel(label, slot="side", template="sequences/under_way.html", order=5)(under_way)
