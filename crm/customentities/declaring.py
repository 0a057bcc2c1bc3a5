"""The declaration of an entity that an admin made: what every other entity writes in its own file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.customentities.models import CustomRecord, EntityDefinition, EntityStage
from crm.entities.entity import Board, Card, Entity, Lane, Lanes, View, entity_of

MINE = {"field": "owner", "op": "me"}


class CustomEntity(Entity):
    """Name, number, stage and owner; everything else are custom fields."""

    search = {"text": ("name",), "code": ("number",)}
    sortable = {"name": "name_key", "created_at": "created_at", "updated_at": "updated_at"}
    keys = ("number", "name")
    bulk_edit = ("stage",)
    inline = ("name", "stage")
    subtitle = ("stage", "owner")
    views = (View("mine", _("Mine"), {"all": [MINE]}),)

    def __init__(self, model: type[CustomRecord], definition: EntityDefinition) -> None:
        self.model, self.definition = model, definition
        self.icon, self.area, self.slug = definition.icon, definition.area, definition.code
        self.stages = list(definition.stages.all())
        number, stage = ["number"] * bool(definition.prefix), ["stage"] * bool(self.stages)
        self.columns = (*number, "name", *stage, "owner", "created_at")
        self.filters = (*number, "name", *stage, "owner", "department", "created_at", "updated_at")
        self.quick = ("name", *stage)
        self.sections = {_("Facts"): (*number, "name", *stage, "owner")}
        self.pills = tuple(stage)
        self.bulk_edit = tuple(stage)
        self.board = Board("stage", move_stage) if self.stages else None
        if closing := [str(stage.pk) for stage in self.stages if stage.closes]:
            self.workload = {"all": [{"field": "stage", "op": "not_in", "value": closing}]}
        super().__init__()

    @property
    def name(self) -> str:
        return str(self.definition)

    @property
    def plural(self) -> str:
        return self.definition.plural

    def new(self, user: Any, initial: Mapping[str, Any]) -> CustomRecord:
        """It starts in the first stage."""
        return self.model(owner=user, definition=self.definition, stage=self.stages[0] if self.stages else None)

    def clean(self, form: Any) -> None:
        """A stage belongs to the entity."""
        stage = form.instance.stage
        if stage is not None and stage.definition_id != self.definition.pk:
            form.add_error("stage" if "stage" in getattr(form, "fields", ()) else None, _("It has no such stage."))

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        return rows.filter(definition=self.definition) if name == "stage" else rows

    def lanes(self, params: Mapping[str, str]) -> Lanes:
        return Lanes([Lane(stage.pk, str(stage), stage.colour) for stage in self.stages])

    def card(self, record: Any, seen: Collection[str]) -> Card:
        return Card({"title": str(record)}, {})


def move_stage(record: CustomRecord, to: Any, *, actor: Any) -> CustomRecord:
    """Move a record to another stage of its entity. ValidationError when there is no such stage."""
    stage = EntityStage.objects.filter(pk=to, definition=record.definition_id).first() if str(to).isdecimal() else None
    if stage is None:
        raise ValidationError(_("There is no such stage. Load the page again."))
    record.stage = stage
    entity_of(record).save(record, actor=actor)
    return record
