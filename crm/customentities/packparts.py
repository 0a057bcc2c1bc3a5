"""What packs bring of this room: entities with their stages and rights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.customentities import registering
from crm.customentities.models import EntityDefinition, EntityStage
from crm.customentities.services import define_entity, delete_entity, record_count, remove_records, settle
from crm.packs.declaring import said
from crm.packs.parts import PartKind, forgetters, part_kind
from crm.records.actor import Actor

STAGE = "stage "
PARTS = ("name_en", "colour", "closes", "position")
forgetters.append(registering.look_again)


@part_kind
class EntityPart(PartKind):
    """An entity of one's own; its stages are settings, called by their Chinese names."""

    name, label, rank = "entity", _("Entity"), 10

    def about(self, data: Mapping[str, Any]) -> str:
        return " → ".join(said(stage, "name") for stage in data.get("stages", ()))

    def called(self, data: Mapping[str, Any]) -> Collection[str]:
        return {f"customentities.{data['code']}"}

    def find(self, data: Mapping[str, Any]) -> EntityDefinition | None:
        return EntityDefinition.objects.filter(code=data["code"]).first()

    def get(self, ref: str) -> EntityDefinition | None:
        return EntityDefinition.objects.filter(pk=ref).first()

    def inner(self, thing: EntityDefinition, data: Mapping[str, Any], key: str) -> int:
        """The id of the stage with that Chinese name."""
        found = thing.stages.filter(name_zh=key).first()
        if found is None:
            raise LookupError(_("“%(name)s” is not there.") % {"name": key})
        return found.pk

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        stages = {STAGE + name: parts for name, parts in self._stages(data).items()}
        return {n: v for n, v in data.items() if n not in {"code", "stages", "rights_like"}} | stages

    def _stages(self, data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        blank = {"name_en": "", "colour": "blue", "closes": False}
        return {
            stage["name_zh"]: {**blank, "position": place, **{p: stage[p] for p in PARTS if p in stage}}
            for place, stage in enumerate(data.get("stages", ()), 1)
        }

    def read(self, thing: EntityDefinition, names: Collection[str]) -> dict[str, Any]:
        stages = {STAGE + s.name_zh: {part: getattr(s, part) for part in PARTS} for s in thing.stages.all()}
        return {name: stages.get(name) if name.startswith(STAGE) else getattr(thing, name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> EntityDefinition:
        given = {name: value for name, value in data.items() if name not in {"code", "name_zh", "stages"}}
        stages = [{"name_zh": name, **parts} for name, parts in self._stages(data).items()]
        return define_entity(data["code"], data["name_zh"], stages=stages, actor=actor, **given)

    def change(self, thing: EntityDefinition, settings: Mapping[str, Any], *, actor: Actor) -> None:
        for name, value in settings.items():
            if not name.startswith(STAGE):
                setattr(thing, name, value)
            elif value is None:
                EntityStage.objects.filter(definition=thing, name_zh=name.removeprefix(STAGE)).delete()
            else:
                EntityStage.objects.update_or_create(
                    definition=thing, name_zh=name.removeprefix(STAGE), defaults=dict(value)
                )
        thing.full_clean()
        thing.save()
        settle(thing, "changed", actor=actor)

    def held(self, thing: EntityDefinition) -> int:
        return record_count(thing)

    def remove(self, thing: EntityDefinition, *, actor: Actor) -> None:
        remove_records(thing, actor=actor)
        delete_entity(thing, actor=actor)
