"""Approvals on the page of their record: how far one is, and the way to ask for one."""

from __future__ import annotations

from typing import Any

from crm.approvals.models import ApprovalInstance, ApprovalProcess
from crm.approvals.picture import picture
from crm.approvals.seeing import task_for
from crm.customfields import definitions
from crm.entities.panels import panel
from crm.records.models import Record

State = ApprovalInstance.State


@panel("*", slot="side", template="approvals/panel.html", order=-30)
def latest(record: Record, user: Any) -> dict[str, Any] | None:
    """The request that runs, or the last one that still means something."""
    if record.entity_label() not in definitions.kept("approvals.entities", _with_processes):
        return None
    rows = ApprovalInstance.objects.filter(entity=record.entity_label(), record_id=record.pk)
    last = rows.order_by("-id").values_list("pk", "state").first()
    if last is None or last[1] == State.WITHDRAWN:
        return None
    found = rows.select_related("process", "version", "requester").get(pk=last[0])
    mine = task_for(found, user)
    running = found.state in ApprovalInstance.OPEN
    return {"instance": found, "stops": picture(found, record), "mine": mine, "running": running}


@panel("*", slot="menu", template="approvals/menu.html")
def ask_link(record: Record, user: Any) -> dict[str, Any] | None:
    """An item of the record's menu, where there is a process for its entity."""
    label = record.entity_label()
    if not definitions.kept("approvals.entities", _with_processes).get(label):
        return None
    return {"approval_label": label}


def _with_processes() -> dict[str, bool]:
    """The entities that have approval processes, old ones too, and whether one can ask for one of them."""
    found: dict[str, bool] = {}
    for label, active, by_hand in ApprovalProcess.objects.values_list("entity", "active", "by_hand"):
        found[label] = found.get(label, False) or (active and by_hand)
    return found
