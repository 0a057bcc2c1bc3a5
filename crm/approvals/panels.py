"""Approvals on the page of their record: how far one is, and the way to ask for one."""

from __future__ import annotations

from typing import Any

from crm.approvals.models import ApprovalInstance, ApprovalProcess
from crm.approvals.picture import picture
from crm.approvals.seeing import task_for
from crm.entities.panels import panel
from crm.records.models import Record

State = ApprovalInstance.State


@panel("*", slot="side", template="approvals/panel.html", order=-30)
def latest(record: Record, user: Any) -> dict[str, Any] | None:
    """The request that runs, or the last one that still means something."""
    rows = ApprovalInstance.objects.filter(entity=record.entity_label(), record_id=record.pk)
    found = rows.select_related("process", "version", "requester").order_by("-id").first()
    if found is None or found.state == State.WITHDRAWN:
        return None
    mine = task_for(found, user)
    running = found.state in ApprovalInstance.OPEN
    return {"instance": found, "stops": picture(found, record), "mine": mine, "running": running}


@panel("*", slot="menu", template="approvals/menu.html")
def ask_link(record: Record, user: Any) -> dict[str, Any] | None:
    """An item of the record's menu, where there is a process for its entity."""
    label = record.entity_label()
    if not ApprovalProcess.objects.filter(entity=label, active=True, by_hand=True).exists():
        return None
    return {"approval_label": label}
