"""What packs bring of this room: saved views that everybody has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.models import SavedView
from crm.packs.parts import ModelPart, part_kind
from crm.records.actor import Actor


@part_kind
class ViewPart(ModelPart):
    """A tab of a list, shared with everybody; it is the installer's to change."""

    name, label, rank = "view", _("Saved view"), 70
    model, keys, columns = SavedView, ("entity", "name"), ("where", "sort", "columns")

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> SavedView:
        entity = registry.get(data["entity"])
        if entity is None:
            raise ValidationError(gettext("There is no such entity."))
        if data.get("where"):
            bind(entity, actor.user).condition(data["where"])
        given = {name: self._text(data, name) for name in self.keys} | self.wanted(data)
        made = SavedView(user=actor.user, audience=SavedView.Audience.ALL, **given)
        return self.save(made, actor=actor)
