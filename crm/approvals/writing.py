"""Writing processes: a change of what one says is a new version; what runs keeps its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from crm.approvals.models import ApprovalProcess, ProcessVersion
from crm.approvals.nodes import check_effects, check_locks, check_nodes
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.records.actor import Actor

PARTS = ("condition", "nodes", "approved", "rejected", "locks", "once")


def principal_view(process: ApprovalProcess) -> BoundEntity:
    """The entity as the process's principal sees it; ValidationError when it is gone."""
    entity = registry.get(process.entity)
    if entity is None:
        raise ValidationError(_("The entity of this process does not exist any more."))
    return bind(entity, process.principal)


def check(process: ApprovalProcess, said: dict[str, Any]) -> dict[str, Any]:
    """The parts of a process as they are stored; ValidationError tells all that is wrong."""
    bound = principal_view(process)
    condition = said.get("condition") or {}
    problems: list[str] = []
    checked: dict[str, Any] = {"once": bool(said.get("once", True))}
    parts = {
        "condition": lambda: condition if condition and bound.condition(condition).nodes else {},
        "nodes": lambda: check_nodes(said.get("nodes"), bound),
        "approved": lambda: check_effects(said.get("approved") or [], bound),
        "rejected": lambda: check_effects(said.get("rejected") or [], bound),
        "locks": lambda: check_locks(said.get("locks") or [], bound),
    }
    for name, read in parts.items():
        try:
            checked[name] = read()
        except ValidationError as error:
            problems += error.messages
    if problems:
        raise ValidationError(problems)
    return checked


@transaction.atomic
def save_version(
    process: ApprovalProcess, said: dict[str, Any], *, actor: Actor, note: str = ""
) -> ProcessVersion | None:
    """Make what is said the current version; None when nothing differs."""
    checked = check(process, said)
    ApprovalProcess.objects.select_for_update().get(pk=process.pk)
    now = process.current
    if now is not None and all(getattr(now, name) == checked[name] for name in PARTS):
        return None
    number = (process.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = ProcessVersion.objects.create(
        process=process, number=number, note=note[:200], made_by=actor.user, **checked
    )
    process.current = version
    process.save(update_fields=["current"])
    return version


def switch(process: ApprovalProcess, active: bool) -> None:
    """Put it to use, or not: what runs goes on."""
    if active and process.current is None:
        raise ValidationError(_("Say first who approves."))
    if active:
        check(process, {name: getattr(process.current, name) for name in PARTS})
    process.active = active
    process.save(update_fields=["active"])
