"""What packs bring of this room: automation rules, switched on, which act as who installs the pack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.packs.declaring import said, texts
from crm.packs.parts import PartKind, part_kind
from crm.records.actor import Actor
from crm.workflows.models import Rule
from crm.workflows.services import save_version, switch

SAYS = ("trigger", "condition", "steps")


@part_kind
class RulePart(PartKind):
    """When something happens, do something."""

    name, label, rank = "rule", _("Automation rule"), 80

    def find(self, data: Mapping[str, Any]) -> Rule | None:
        return Rule.objects.filter(entity=data["entity"], name__in=texts(data, "name")).order_by("pk").first()

    def get(self, ref: str) -> Rule | None:
        return Rule.objects.filter(pk=ref).first()

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {name: data.get(name, {}) for name in SAYS} | {"active": True}

    def read(self, thing: Rule, names: Collection[str]) -> dict[str, Any]:
        now = {name: getattr(thing.current, name, None) for name in SAYS} | {"active": thing.active}
        return {name: now.get(name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> Rule:
        made = Rule(entity=data["entity"], name=said(data, "name"), principal=actor.user)
        made.full_clean()
        made.save()
        self.change(made, self.wanted(data), actor=actor)
        return made

    def change(self, thing: Rule, settings: Mapping[str, Any], *, actor: Actor) -> None:
        save_version(thing, **(self.read(thing, SAYS) | {n: settings[n] for n in SAYS if n in settings}), actor=actor)
        switch(thing, settings.get("active", thing.active), actor=actor)

    def remove(self, thing: Rule, *, actor: Actor) -> None:
        """With the traces of its runs; what it did stays."""
        Rule.objects.filter(pk=thing.pk).update(current=None, active=False)
        thing.delete()
