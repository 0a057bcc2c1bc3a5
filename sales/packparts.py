"""What packs bring of this room: loss reasons, pipelines with their stages, and the gates between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.packs.declaring import said, texts
from crm.packs.parts import ModelPart, PartKind, part_kind, pointing_at
from crm.records.actor import Actor
from sales.models import LossReason, Pipeline, Stage, StageGate

STAGE = "stage "
PARTS = ("name", "position", "probability", "colour", "rotting_days", "forecast", "is_won", "is_lost", "playbook")
BLANK = {
    "probability": 0, "colour": "blue", "rotting_days": None, "forecast": "pipeline",
    "is_won": False, "is_lost": False, "playbook": "",
}  # fmt: skip


@part_kind
class LossReasonPart(ModelPart):
    """Why sales are lost."""

    name, label, rank, erasable = "loss_reason", _("Loss reason"), 15, False
    model, columns = LossReason, ("position",)


@part_kind
class PipelinePart(PartKind):
    """A way of selling. Its stages are settings, by the keys that the pack gives them."""

    name, label, rank, erasable = "pipeline", _("Sales pipeline"), 30, False

    def about(self, data: Mapping[str, Any]) -> str:
        return " → ".join(said(stage, "name") for stage in data["stages"])

    def find(self, data: Mapping[str, Any]) -> Pipeline | None:
        return Pipeline.objects.filter(name__in=texts(data, "name")).order_by("pk").first()

    def get(self, ref: str) -> Pipeline | None:
        return Pipeline.objects.filter(pk=ref).first()

    def inner(self, thing: Pipeline, data: Mapping[str, Any], key: str) -> int:
        """The id of the stage of that key."""
        names = next((texts(stage, "name") for stage in data["stages"] if stage["key"] == key), set())
        found = thing.stages.filter(name__in=names).first()
        if found is None:
            raise LookupError(_("“%(name)s” is not there.") % {"name": key})
        return found.pk

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Stages stand under their names in the language in which the pack comes."""
        found = {}
        for place, stage in enumerate(data["stages"]):
            parts = BLANK | {name: value for name, value in stage.items() if name in BLANK}
            name = said(stage, "name")
            playbook = said(stage, "playbook")
            found[STAGE + name] = parts | {"name": name, "position": place, "playbook": playbook}
        return found

    def read(self, thing: Pipeline, names: Collection[str]) -> dict[str, Any]:
        stages = {STAGE + s.name: {part: getattr(s, part) for part in PARTS} for s in thing.stages.all()}
        return {name: stages.get(name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> Pipeline:
        last = Pipeline.objects.order_by("-position").values_list("position", flat=True).first()
        made = Pipeline(name=said(data, "name"), position=0 if last is None else last + 1)
        made.full_clean()
        made.save()
        self.change(made, self.wanted(data), actor=actor)
        return made

    def change(self, thing: Pipeline, settings: Mapping[str, Any], *, actor: Actor) -> None:
        for name, parts in settings.items():
            stage = Stage.objects.filter(pipeline=thing, name=name.removeprefix(STAGE)).first()
            if parts is None:
                if stage is not None and not pointing_at(stage):
                    stage.delete()
                continue
            stage = stage or Stage(pipeline=thing)
            for part, value in parts.items():
                setattr(stage, part, value)
            stage.full_clean(exclude=["pipeline"])
            stage.save()
        Stage.objects.arrange(thing)

    def held(self, thing: Pipeline) -> int:
        return pointing_at(thing)

    def remove(self, thing: Pipeline, *, actor: Actor) -> None:
        thing.delete()


@part_kind
class GatePart(PartKind):
    """What a move to a stage needs."""

    name, label, rank = "gate", _("Stage gate"), 60
    columns = ("needs", "condition", "activities", "approval_id")

    def title(self, data: Mapping[str, Any]) -> str:
        return said(data, "title")

    def find(self, data: Mapping[str, Any]) -> StageGate | None:
        if data["to"].startswith("@"):
            return None
        return StageGate.objects.filter(to_stage=data["to"], from_stage=data.get("from")).first()

    def get(self, ref: str) -> StageGate | None:
        return StageGate.objects.filter(pk=ref).first()

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        given = {"needs": [], "condition": {}, "activities": [], "approval_id": None, **data}
        approval = given["approval_id"]
        return {n: given[n] for n in self.columns} | {"approval_id": approval and int(approval)}

    def read(self, thing: StageGate, names: Collection[str]) -> dict[str, Any]:
        return {name: getattr(thing, name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> StageGate:
        stage = Stage.objects.get(pk=data["to"])
        before = Stage.objects.get(pk=data["from"]) if data.get("from") else None
        made = StageGate(pipeline_id=stage.pipeline_id, to_stage=stage, from_stage=before, **self.wanted(data))
        made.full_clean()
        made.save()
        return made

    def change(self, thing: StageGate, settings: Mapping[str, Any], *, actor: Actor) -> None:
        for name, value in settings.items():
            if value is None and name != "approval_id":
                raise ValidationError(_("A gate can't do without: %(name)s") % {"name": name})
            setattr(thing, name, value)
        thing.full_clean()
        thing.save()

    def remove(self, thing: StageGate, *, actor: Actor) -> None:
        thing.delete()
