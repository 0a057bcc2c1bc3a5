"""What packs bring of this room: approval processes, which act as who installs the pack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.approvals.writing import PARTS, save_version, switch
from crm.packs.declaring import said, texts
from crm.packs.parts import PartKind, part_kind
from crm.records.actor import Actor


@part_kind
class ApprovalPart(PartKind):
    """Who must agree. Requests that were made hold it: it is kept then."""

    name, label, rank, erasable = "approval", _("Approval process"), 50, False

    def find(self, data: Mapping[str, Any]) -> ApprovalProcess | None:
        return ApprovalProcess.objects.filter(entity=data["entity"], name__in=texts(data, "name")).first()

    def get(self, ref: str) -> ApprovalProcess | None:
        return ApprovalProcess.objects.filter(pk=ref).first()

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Each node is what the editor begins with, but for what the pack says."""
        nodes = []
        for number, node in enumerate(data["nodes"], 1):
            texts_of = {"name": said(node, "name")}
            given = {name: value for name, value in node.items() if not name.startswith("name_")}
            nodes.append(fresh_node() | {"key": f"n{number}"} | texts_of | given)
        return {"nodes": nodes, "condition": data.get("condition", {}), "active": True}

    def read(self, thing: ApprovalProcess, names: Collection[str]) -> dict[str, Any]:
        now = {name: getattr(thing.current, name, None) for name in PARTS} | {"active": thing.active}
        return {name: now.get(name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> ApprovalProcess:
        made = ApprovalProcess(entity=data["entity"], name=said(data, "name"), principal=actor.user)
        made.full_clean()
        made.save()
        self.change(made, self.wanted(data), actor=actor)
        return made

    def change(self, thing: ApprovalProcess, settings: Mapping[str, Any], *, actor: Actor) -> None:
        now = self.read(thing, PARTS) if thing.current else {}
        save_version(thing, {**now, **{n: settings[n] for n in PARTS if n in settings}}, actor=actor)
        switch(thing, settings.get("active", thing.active))

    def held(self, thing: ApprovalProcess) -> int:
        return thing.instances.count()

    def remove(self, thing: ApprovalProcess, *, actor: Actor) -> None:
        ApprovalProcess.objects.filter(pk=thing.pk).update(current=None, active=False)
        thing.delete()
