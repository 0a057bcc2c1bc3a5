"""The forms by which administrators write dynamic rules and dependent choices: everything by selects and the condition builder."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.logic import BROKEN, SECTION, always_required, read_cascade, read_rule
from crm.customfields.models import Cascade, Effect, LogicRule
from crm.entities.condition_field import ConditionField
from crm.entities.entity import Entity, registry
from crm.entities.logic_words import CHOSEN, option_choices, options_of, target_choices


class OfEntity(forms.ModelForm):
    """A form about one entity, which the page says before the form is drawn."""

    user: Any = None
    entity_label = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.entity = self.instance.entity or self.entity_label
        self.entity: Entity | None = registry.get(self.instance.entity)

    def _judged(self, read: Any) -> None:
        if self.errors or self.entity is None:
            return
        try:
            read(self.entity.model, self.instance)
        except (*BROKEN, RecursionError) as error:
            told = error if isinstance(error, ValidationError) else ValidationError(_("This can't be understood."))
            self.add_error(None, ValidationError(told.messages))


class LogicRuleForm(OfEntity):
    """One rule: what it is about, what happens, when."""

    target = forms.ChoiceField(label=gettext_lazy("field or section"), required=False)
    where = ConditionField()
    chosen = forms.MultipleChoiceField(
        label=gettext_lazy("options"), required=False, widget=forms.SelectMultiple(attrs={"size": 8, "data-chosen": ""})
    )

    class Meta:
        model = LogicRule
        fields = ("target", "effect", "where", "value", "clear", "message_zh", "message_en", "position", "active")
        help_texts = {
            "value": gettext_lazy("As one types it; of choices the value, of links the number of the record."),
            "message_zh": gettext_lazy("Told where the rule refuses something; empty: a text of the program."),
            "position": gettext_lazy("Small numbers first."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.entity is None:
            return
        self.fields["where"].bind_to(self.entity.label, self.user)
        self.fields["target"].choices = target_choices(self.entity)
        self.fields["chosen"].choices = option_choices(self.entity)
        listed = self.instance.options if isinstance(self.instance.options, list) else []
        self.initial["chosen"] = [f"{self.instance.target}|{option}" for option in listed]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        target, effect = cleaned.get("target", ""), cleaned.get("effect")
        self._fits(target, effect)
        self.instance.options = []
        if effect in {Effect.OPTIONS, Effect.OFFERED}:
            own = [one.split("|", 1)[1] for one in cleaned.get("chosen", ()) if one.split("|", 1)[0] == target]
            if not own:
                self.add_error("chosen", _("Choose options of the field it is about."))
            self.instance.options = own
        return cleaned

    def _fits(self, target: str, effect: Any) -> None:
        if self.entity is None or effect is None:
            return
        if not target and effect != Effect.INVALID:
            self.add_error("target", _("Choose a field or a section."))
        if target.startswith(SECTION) and effect not in {Effect.VISIBLE, Effect.READONLY}:
            self.add_error("target", _("A section can only be shown, or kept from being changed."))
        elif target and not target.startswith(SECTION):
            field = self.entity.field(target)
            if effect == Effect.VISIBLE and always_required(field):
                text = _("Every record needs this field, so it can't be hidden. Let it be required by a rule instead.")
                self.add_error("target", text)
            if effect in {Effect.OPTIONS, Effect.OFFERED} and field.kind not in CHOSEN:
                self.add_error("target", _("This field offers no options."))

    def _post_clean(self) -> None:
        super()._post_clean()
        self._judged(read_rule)


class CascadeForm(OfEntity):
    """Which field hangs on which; what goes with what is ticked in the matrix."""

    field = forms.ChoiceField(label=gettext_lazy("field that offers less"))
    by = forms.ChoiceField(label=gettext_lazy("depending on"))
    through = forms.ChoiceField(
        label=gettext_lazy("by the linked record's"),
        required=False,
        help_text=gettext_lazy("For links: only records whose own field has the value of the other one are offered."),
    )

    class Meta:
        model = Cascade
        fields = ("field", "by", "through", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.entity is None:
            return
        named = [(name, self.entity.field(name)) for name in self.entity.form_names]
        self.fields["field"].choices = [(n, f.label) for n, f in named if f.kind in CHOSEN]
        self.fields["by"].choices = [(n, f.label) for n, f in named if f.kind in CHOSEN | {"boolean"}]
        self.fields["through"].choices = [("", "–"), *through_choices(self.entity)]
        if self.instance.pk:
            self.fields["field"].disabled = self.fields["by"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        name, by = cleaned.get("field"), cleaned.get("by")
        if self.entity is None or not name or not by:
            return cleaned
        child, parent, through = self.entity.field(name), self.entity.field(by), cleaned.get("through", "")
        if name == by:
            self.add_error("by", _("A field can't depend on itself."))
        elif child.source.is_relation and not through and not options_of(child):
            self.add_error("through", _("Say by which field of the linked record it is narrowed."))
        elif not through and not options_of(parent):
            self.add_error("by", _("It has too many values for a matrix."))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        self._judged(read_cascade)


def through_choices(entity: Entity) -> list[tuple[str, Any]]:
    """Fields of what links lead to, grouped by link, by which the link can be narrowed."""
    found = []
    for name in entity.form_names:
        field = entity.field(name)
        target = registry.get(field.source.related_model._meta.label_lower) if field.source.is_relation else None
        if target is not None:
            named = [(n, target.field(n)) for n in target.form_names]
            found.append((field.label, [(n, f.label) for n, f in named if f.kind in CHOSEN | {"user"}]))
    return found


def matrix_of(cascade: Cascade) -> dict[str, Any] | None:
    """What the matrix editor draws; None where the dependence has none."""
    entity = registry.get(cascade.entity)
    if entity is None or cascade.through:
        return None
    try:
        child, parent = entity.field(cascade.field), entity.field(cascade.by)
    except BROKEN:
        return None
    held = cascade.matrix if isinstance(cascade.matrix, dict) else {}
    columns = options_of(child)
    rows = [("", _("(empty)")), *options_of(parent)]
    return {
        "columns": columns,
        "rows": [
            {
                "value": value,
                "label": label,
                "free": value not in held,
                "cells": [
                    {"value": option, "label": name, "on": value not in held or option in _listed(held.get(value))}
                    for option, name in columns
                ],
            }
            for value, label in rows
        ],
    }


def _listed(row: Any) -> list[str]:
    return [str(one) for one in row] if isinstance(row, list) else []


def posted_matrix(cascade: Cascade, data: Any) -> dict[str, list[str]]:
    """The matrix that was posted: rows with all options ticked, or marked as free, are left out."""
    drawn = matrix_of(cascade)
    found: dict[str, list[str]] = {}
    for row in drawn["rows"] if drawn else ():
        known = [value for value, _name in drawn["columns"]] if drawn else []
        ticked = set(data.getlist(f"m-{row['value']}"))
        if not data.get(f"free-{row['value']}"):
            found[row["value"]] = [value for value in known if value in ticked]
    return found
