"""Forms made from declarations: one bound form gives the page, the API and the import the same verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, IntegrityError, models, transaction
from django.forms.models import construct_instance, modelform_factory
from django.utils.translation import gettext as _

from crm.access import policy
from crm.customfields.layouts import Part
from crm.customfields.models import Surface
from crm.customfields.sources import ChoiceSource, MultiChoiceSource
from crm.entities import once
from crm.entities.arranged import plan, title_of, variant_of
from crm.entities.bound import BoundEntity, BoundField
from crm.entities.constraints import refusal, violations
from crm.entities.entity import Entity
from crm.entities.inputs import MoneyInput, input_of, offered_choices
from crm.entities.links import Kept, LinkField
from crm.entities.ruled import Ruled
from crm.entities.sight import UNSEEN, seen_field
from crm.fields.field import resolve
from crm.files.services import attach, store_file
from crm.records.actor import Actor
from crm.records.models import Entry


@dataclass(frozen=True)
class Section:
    """A part of a form: its title and its fields; ``folded`` hides it until it is asked for."""

    title: str
    fields: list[forms.BoundField]
    folded: bool = False
    columns: int = 2


class EntityForm(Ruled, forms.ModelForm):
    """The editable fields of one record for one user.

    Fields the user may not see are absent; those they may not change (read-only, masked, an owner they may not assign)
    are shown disabled and are not part of the model form, so nothing that is posted can reach them. Only what differs
    is written to the instance.
    """

    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        bound: BoundEntity,
        locked: Sequence[BoundField] = (),
        custom: Sequence[BoundField] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.bound, self.user, self.custom = bound, bound.user, {field.name: field for field in custom}
        self._add_custom()
        self.adding = self.instance._state.adding
        self.stored = None if self.adding else copy(self.instance)
        self.given = dict(kwargs.get("initial") or {})
        self.surface = str(Surface.FORM)
        self.entry: Entry | None = None
        self.helper = FormHelper()
        self.helper.form_tag = False
        self._bind_links()
        self.narrow_links()
        self._add_locked(locked)
        if self.adding:
            del self.fields["version"]
        else:
            self.initial["version"] = self.instance.version

    def _add_custom(self) -> None:
        """Fields that admins defined: the model form knows nothing of them."""
        for name, field in self.custom.items():
            made, present = cast(forms.Field, input_of(field.source)), field.raw(self.instance)
            if isinstance(field.source, ChoiceSource | MultiChoiceSource):
                made.choices = offered_choices(made.choices, field.source, present)
            self.fields[name] = made
            shown = field.field.value(self.instance) if field.kind == "file" else present
            self.initial.setdefault(name, shown)

    def _bind_links(self) -> None:
        for name, field in self.fields.items():
            if isinstance(field, LinkField):
                source = self.custom[name].source if name in self.custom else self._meta.model._meta.get_field(name)
                field.bind(self.bound, source, self._linked(name, source))
                if field.current is not None and name not in self.custom:
                    field.widget.known = self._named(name, field.current)

    def _named(self, name: str, current: models.Model) -> Any:
        """What the link holds, called as the reader may know it; it stays chosen all the same."""
        seen = seen_field(resolve(self._meta.model, name), self.bound.sight)
        return Kept(current.pk, str(UNSEEN)) if seen.value(self.instance) is UNSEEN else current

    def _linked(self, name: str, source: models.Field) -> Any:
        """What the record points at."""
        if name not in self.custom:
            return getattr(self.instance, name) if getattr(self.instance, source.attname) else None
        ref = self.custom[name].field.value(self.instance)
        return Kept(self.custom[name].raw(self.instance), str(ref)) if ref is not None else None

    def _add_locked(self, locked: Sequence[BoundField]) -> None:
        """Show what may not be changed, as text; a new record has nothing to show there."""
        for field in locked:
            text = field.text(self.instance)
            if text or not self.adding:
                self.fields[field.name] = forms.CharField(
                    label=field.label, initial=text, disabled=True, required=False
                )
                self.initial.pop(field.name, None)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that may be written."""
        return (*(self._meta.fields or ()), *self.custom)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in set(cleaned) - {*self.names, "version"}:
            del cleaned[name]
        owner = cleaned.get("owner")
        if (
            owner is not None
            and "owner" in self.changed_data
            and not policy.can_assign(self.user, self.bound.label, owner)
        ):
            self.add_error("owner", _("You may not make %(name)s the owner.") % {"name": owner})
        self._check_currency(cleaned)
        return cleaned

    def _check_currency(self, cleaned: dict[str, Any]) -> None:
        """An amount written in another currency than the record's is a mistake, not a number."""
        own = cleaned.get("currency") or getattr(self.instance, "currency", None)
        for name, field in self.fields.items():
            if isinstance(field, MoneyInput) and field.written and own and field.written != own:
                self.add_error(name, _("The amount is in %(currency)s here.") % {"currency": own})

    def _post_clean(self) -> None:
        """Django's, without its query for every link and for every CHECK."""
        names = self.names if self.adding else tuple(n for n in self.names if n in self.changed_data)
        self.instance = construct_instance(self, self.instance, names)
        self._put_custom(names)
        self.heed_rules()
        columns = {f.name: f for f in self.instance._meta.concrete_fields}
        skipped = {n for n, f in columns.items() if n not in names or n in self.errors or f.is_relation}
        for check in (lambda: self.instance.clean_fields(exclude=skipped), self.instance.clean):
            try:
                check()
            except ValidationError as error:
                self.take(error)
        for error in violations(self.instance, set(names) - set(self.errors)):
            self.take(error)
        self.bound.entity.clean(self)

    def _put_custom(self, names: Sequence[str]) -> None:
        """Judge and set what admins defined; an upload is kept when the record is written."""
        for name, field in self.custom.items():
            value = self.cleaned_data.get(name)
            if name not in names or name not in self.cleaned_data or (field.kind == "file" and value is not False):
                continue
            value = None if field.kind == "file" else value
            try:
                field.check(value)
            except ValidationError as error:
                self.add_error(name, error)
            else:
                field.put(self.instance, value)

    def take(self, error: ValidationError) -> None:
        """Add an error; what it says about fields the form lacks goes to the top of the form."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)

    def twins(self) -> list[Any]:
        """Records that look like the one being entered, as far as the user may know."""
        if not self.is_bound or not (self.adding or self.has_changed()):
            return []
        self.errors  # noqa: B018  (cleans the form, so that the instance holds what was typed)
        return list(self.bound.entity.warnings(self.instance, self.user))

    def write(self, *, actor: Actor, sent: str = "", **options: Any) -> bool:
        """Save through the entity; False when it was refused, with the reason among the errors.

        Raises Conflict when the record has moved on since ``version``, SentBefore when the form ``sent`` has made its record.
        """
        record, base = self.instance, self.cleaned_data.get("version")
        if base is not None:
            record.version = base
        try:
            with transaction.atomic():
                if sent:
                    once.claim(self.bound.user, self.bound.entity.label, sent)
                files, owner = self._keep_files(record, actor), record.owner_id
                entry = self.bound.entity.save(record, actor=actor, **options)
                if sent:
                    once.note(self.bound.user, self.bound.entity.label, sent, record.pk)
                for file in files:
                    attach(file, record, actor=actor)
                if record.owner_id == owner:  # else a rule gave it away
                    self._stay_in_reach(record)
        except (ValidationError, IntegrityError, DataError) as error:
            self.take(error if isinstance(error, ValidationError) else refusal(type(record), error))
            if self.adding:
                record.pk, record._state.adding = None, True
            return False
        self.entry = entry if isinstance(entry, Entry) else None
        return True

    def _keep_files(self, record: Any, actor: Actor) -> list[Any]:
        """Keep what was uploaded; the record points at it before it is written, and gets it afterwards."""
        found = []
        for name, field in self.custom.items():
            upload = self.cleaned_data.get(name)
            if isinstance(upload, UploadedFile):
                found.append(store_file(upload, actor=actor))
                field.put(record, found[-1])
        return found

    def _stay_in_reach(self, record: models.Model) -> None:
        """Handing over is checked by ``can_assign``; nothing else may put a record where its writer can't reach it."""
        if "owner" in self.changed_data and "owner" in self.names:
            return
        if not policy.can_record(self.user, record, "add" if self.adding else "change"):
            raise ValidationError(_("This would put the record outside of your own reach."))

    @cached_property
    def sections(self) -> list[Section]:
        """The fields in their sections: when adding, the few quick ones first and what is empty folded."""
        self.mark_rules()
        left = {name: self[name] for name in self.fields if name != "version"}
        parts = plan(self.bound, self.surface, variant_of(self.bound.entity, self.instance, self.given))
        if parts is not None:
            return self._arranged(parts, left)
        found = []
        if self.adding or not self.bound.entity.sections:
            quick = [left.pop(name) for name in self.bound.quick if name in left]
            found.append(Section("", quick))
        for title, names in self.bound.layout:
            fields = [left.pop(name) for name in names if name in left]
            found.append(
                Section(str(title), fields, self.adding and bool(found) and not any(map(self._speaks, fields)))
            )
        found.append(Section("", list(left.values())))
        return [section for section in found if section.fields]

    def _arranged(self, parts: Iterable[Part], left: dict[str, forms.BoundField]) -> list[Section]:
        """The fields as admins arranged them; what nobody placed but must be there comes last."""
        found = []
        for part in parts:
            fields = [left.pop(name) for name in part.fields if name in left]
            folded = part.folded and not any(f.errors or f.field.required for f in fields)
            found.append(Section(title_of(part), fields, folded, part.columns))
        found.append(Section("", list(left.values())))
        return [section for section in found if section.fields]

    def _speaks(self, field: forms.BoundField) -> bool:
        """Whether a field must not be folded away: it is wrong, needed, or holds more than its default."""
        if field.errors or (field.field.required and field.value() in (None, "")):
            return True
        default = None
        if field.name in self.names:
            custom = self.custom.get(field.name)
            default = (custom.source if custom else self._meta.model._meta.get_field(field.name)).get_default()
        return field.value() not in (None, "", False, default) and field.name != "owner"


@lru_cache(maxsize=512)
def _form_class(entity: Entity, names: tuple[str, ...]) -> type[EntityForm]:
    made = modelform_factory(entity.model, form=EntityForm, fields=names, formfield_callback=input_of)
    return cast("type[EntityForm]", made)


def entity_form(
    bound: BoundEntity,
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
    *,
    instance: models.Model,
    names: Iterable[str] | None = None,
    initial: Mapping[str, Any] | None = None,
    settled: Collection[str] = (),
) -> EntityForm:
    """The form of ``instance`` for the bound user, over ``names`` or all fields a person fills in; ``settled`` are only told."""
    editable: list[BoundField] = []
    locked: list[BoundField] = []
    for field in bound.visible(bound.form_names if names is None else names):
        if field.closed(instance):
            continue
        (editable if may_write(bound, field) and field.name not in settled else locked).append(field)
    cls = _form_class(bound.entity, tuple(field.name for field in editable if field.built_in))
    custom = [field for field in editable if not field.built_in]
    return cls(data, files, instance=instance, initial=dict(initial or {}), bound=bound, locked=locked, custom=custom)


def may_write(bound: BoundEntity, field: BoundField) -> bool:
    """Whether the user may write the field: no rule stands against it, and owners change only by the right to assign."""
    return field.editable and (field.name != "owner" or bound.can("assign"))


def initial_of(bound: BoundEntity, raw: Mapping[str, str]) -> dict[str, Any]:
    """Values of an address (``?account=5``) for the form of a new record: declared, editable and valid ones only."""
    names = [name for name in bound.form_names if name in raw]
    form = entity_form(bound, instance=bound.entity.fresh(bound.user, {}), names=names)
    found = {}
    for name in form.names:
        try:
            found[name] = form.fields[name].clean(raw[name])
        except ValidationError:
            continue
    return found
