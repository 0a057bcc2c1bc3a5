"""What packs bring of this room: fields with their options, dependent choices, dynamic rules, layouts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.customfields import definitions, layouts
from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas.checks import judge_rule
from crm.customfields.formulas.uses import users_of
from crm.customfields.indexes import count_option, count_values
from crm.customfields.jobs import strip_values
from crm.customfields.kinds import CUSTOM_KINDS
from crm.customfields.logic import BROKEN, read_cascade, read_rule
from crm.customfields.models import Cascade, CustomField, CustomOption, Layout, LogicRule
from crm.customfields.services import change_field, define_field, forget_field
from crm.packs.declaring import said
from crm.packs.parts import ModelPart, PartKind, forgetters, part_kind
from crm.records.actor import Actor

OPTION = "option "
PARTS = ("label_zh", "label_en", "colour")
forgetters.append(definitions.look_again)


@part_kind
class FieldPart(PartKind):
    """A field of an entity. Options are settings of their own: one that an admin renamed stays so."""

    name, label, rank = "field", _("Field"), 20

    def title(self, data: Mapping[str, Any]) -> str:
        return said(data, "label")

    def about(self, data: Mapping[str, Any]) -> str:
        """Of what, and of what kind; an entity that is still to come has no name yet."""
        try:
            of = str(apps.get_model(data["entity"])._meta.verbose_name)
        except LookupError:
            of = data["entity"].partition(".")[2]
        return f"{of} · {CUSTOM_KINDS[data['kind']].label}"

    def called(self, data: Mapping[str, Any]) -> Collection[str]:
        return {f"custom.{data['code']}"}

    def find(self, data: Mapping[str, Any]) -> CustomField | None:
        return CustomField.objects.filter(entity=data["entity"], code=data["code"]).first()

    def get(self, ref: str) -> CustomField | None:
        return CustomField.objects.filter(pk=ref).first()

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in data.items() if name not in {"entity", "code", "options"}}
        options = {OPTION + o["value"]: {p: o.get(p, "") for p in PARTS} for o in data.get("options", ())}
        return given | options

    def read(self, thing: CustomField, names: Collection[str]) -> dict[str, Any]:
        options = {OPTION + o.value: {part: getattr(o, part) for part in PARTS} for o in thing.options.all()}
        return {name: options.get(name) if name.startswith(OPTION) else getattr(thing, name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> CustomField:
        given = dict(data)
        return define_field(
            given.pop("entity"),
            given.pop("kind"),
            given.pop("code"),
            given.pop("label_zh"),
            given.pop("label_en", ""),
            actor=actor,
            **given,
        )

    def change(self, thing: CustomField, settings: Mapping[str, Any], *, actor: Actor) -> None:
        for name, value in settings.items():
            if name.startswith(OPTION):
                self._option(thing, name.removeprefix(OPTION), value)
        thing.__dict__.pop("chosen_from", None)
        change_field(thing, actor=actor, **{n: v for n, v in settings.items() if not n.startswith(OPTION)})

    def _option(self, field: CustomField, value: str, parts: Mapping[str, Any] | None) -> None:
        """An option that the pack no longer has goes out of use while records hold it."""
        options = CustomOption.objects.filter(field=field)
        if parts is not None:
            options.update_or_create(
                field=field,
                value=value,
                defaults=dict(parts),
                create_defaults={**parts, "position": options.count() + 1},
            )
        elif count_option(field, value):
            options.filter(value=value).update(active=False)
        else:
            options.filter(value=value).delete()

    def held(self, thing: CustomField) -> int:
        return 0 if thing.made_by.computed else count_values(thing)

    def remove(self, thing: CustomField, *, actor: Actor) -> None:
        if used := users_of(thing.entity, thing.code):
            said_of = gettext("These still need the field: %(names)s. Change or delete them first.")
            raise ValidationError(said_of % {"names": ", ".join(map(str, used))})
        strip_values(thing, actor=actor)
        forget_field(thing, actor=actor)


class Arranged(ModelPart):
    """What hangs on the fields of one entity."""

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> Any:
        return self.save(
            self.model(**{name: data[name] for name in data if name != "title_zh" and name != "title_en"}), actor=actor
        )

    def title(self, data: Mapping[str, Any]) -> str:
        return said(data, "title")

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name not in {*self.keys, "title_zh", "title_en"}}

    def settled(self) -> None:
        layouts.forget()


@part_kind
class CascadePart(Arranged):
    """Which options the value of another field offers."""

    name, label, rank = "cascade", _("Dependent choice"), 40
    model, keys = Cascade, ("entity", "field", "by")

    def save(self, thing: Cascade, *, actor: Actor) -> Cascade:
        _judged(lambda: read_cascade(apps.get_model(thing.entity), thing))
        return super().save(thing, actor=actor)


@part_kind
class LogicPart(Arranged):
    """A dynamic rule over fields."""

    name, label, rank = "logic", _("Dynamic rule"), 41
    model, keys = LogicRule, ("entity", "target", "effect", "where")

    def find(self, data: Mapping[str, Any]) -> LogicRule | None:
        return LogicRule.objects.filter(**{name: data.get(name, {}) for name in self.keys}).first()

    def save(self, thing: LogicRule, *, actor: Actor) -> LogicRule:
        _judged(lambda: read_rule(apps.get_model(thing.entity), thing))
        return super().save(thing, actor=actor)


@part_kind
class CheckPart(ModelPart):
    """A rule that refuses records."""

    name, label, rank = "check", _("Validation rule"), 43
    model, keys = ValidationRule, ("entity", "name")
    columns = ("expression", "where", "message_zh", "message_en", "field")

    def save(self, thing: ValidationRule, *, actor: Actor) -> ValidationRule:
        judge_rule(thing)
        return super().save(thing, actor=actor)

    def settled(self) -> None:
        layouts.forget()


def _judged(read: Any) -> None:
    try:
        read()
    except BROKEN as error:
        raise ValidationError(getattr(error, "messages", [str(error)])) from error


@part_kind
class LayoutPart(PartKind):
    """The arrangement of a surface for everybody, or for one variant of the entity."""

    name, label, rank = "layout", _("Layout"), 42

    def title(self, data: Mapping[str, Any]) -> str:
        return said(data, "title")

    def _rows(self, data: Mapping[str, Any]) -> Any:
        same = {"entity": data["entity"], "surface": data["surface"], "variant": data.get("variant", "")}
        return Layout.objects.filter(**same, role=None)

    def find(self, data: Mapping[str, Any]) -> Layout | None:
        return self._rows(data).filter(current=True, content__isnull=False).first()

    def get(self, ref: str) -> Layout | None:
        """The arrangement that counts now in the place of what the pack made; none once it is back to the default."""
        made = Layout.objects.filter(pk=ref).first()
        found = made and self.find({"entity": made.entity, "surface": made.surface, "variant": made.variant})
        if found:
            found.since = made.pk
        return found

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        parts = layouts.read({"sections": data["sections"]})
        return {"sections": [part.stored for part in parts]}

    def read(self, thing: Layout, names: Collection[str]) -> dict[str, Any]:
        return {"sections": [part.stored for part in layouts.read(thing.content)]}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> Layout:
        return self._arrange(data, data["sections"], actor)

    def change(self, thing: Layout, settings: Mapping[str, Any], *, actor: Actor) -> None:
        place = {"entity": thing.entity, "surface": thing.surface, "variant": thing.variant}
        self._arrange(place, settings["sections"], actor)

    def _arrange(self, place: Mapping[str, Any], sections: Any, actor: Actor) -> Layout:
        parts = layouts.read({"sections": sections})
        return layouts.arrange(place["entity"], place["surface"], parts, actor=actor, variant=place.get("variant", ""))

    def remove(self, thing: Layout, *, actor: Actor) -> None:
        """With the versions since: what counts is again what counted before the pack."""
        rows = self._rows({"entity": thing.entity, "surface": thing.surface, "variant": thing.variant})
        rows.filter(pk__gte=thing.since).delete()
        if before := rows.order_by("-pk").first():
            rows.filter(pk=before.pk).update(current=True)
        layouts.forget()
