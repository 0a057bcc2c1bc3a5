"""What packs bring of this room: assignment rules. People are added to them by an admin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.ownership.models import AssignmentRule
from crm.packs.parts import ModelPart, part_kind
from crm.records.actor import Actor


@part_kind
class AssignmentPart(ModelPart):
    """Who gets a record; out of use until it has people."""

    name, label, rank = "assignment", _("Assignment rule"), 71
    model, keys, columns = AssignmentRule, ("entity", "name"), ("condition", "strategy", "when")

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> AssignmentRule:
        given = {name: self._text(data, name) for name in self.keys} | self.wanted(data)
        return self.save(AssignmentRule(active=False, **given), actor=actor)

    def held(self, thing: AssignmentRule) -> int:
        """The people whom an admin put into it."""
        return thing.members.count()
