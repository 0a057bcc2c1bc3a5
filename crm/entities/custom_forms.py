"""The forms by which administrators define fields: settings explained, values read back as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.indexes import count_option
from crm.customfields.kinds import CUSTOM_KINDS, common
from crm.customfields.models import COLOURS, TAGS, CustomField, CustomOption
from crm.customfields.services import check_change
from crm.entities.entity import registry
from crm.entities.inputs import input_of
from crm.entities.links import LinkField
from crm.lib.pinyin import pinyin_forms

PARTS = ("value", "label_zh", "label_en", "colour", "position")


def entity_choices() -> list[tuple[str, str]]:
    """(label, name) of the entities that may have custom fields."""
    return [("", "")] + sorted((label, e.plural) for label, e in registry.items() if hasattr(e.model, "custom"))


def kind_choices() -> list[tuple[str, Any]]:
    """(name, label) of the kinds that people fill in."""
    return [("", "")] + [
        (name, kind.label) for name, kind in CUSTOM_KINDS.items() if not kind.computed and name != TAGS
    ]


class CustomFieldForm(forms.ModelForm):
    """One definition. What its kind has no use for is left out of sight by the page and of the field by its rules."""

    entity = forms.ChoiceField(label=gettext_lazy("entity"), choices=entity_choices)
    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=kind_choices)
    target = forms.ChoiceField(
        label=gettext_lazy("links to"),
        choices=entity_choices,
        required=False,
        help_text=gettext_lazy("A linked record's name shows only to who may see that record."),
    )

    lines = forms.CharField(
        label=gettext_lazy("options, one a line"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One label a line, or “Chinese | English”. Values and colours can be set below afterwards."
        ),
    )

    class Meta:
        model = CustomField
        fields = (
            *("label_zh", "label_en", "entity", "kind", "code", "target", "help_zh", "help_en", "required", "unique"),
            *("default", "minimum", "maximum", "decimals", "max_length", "pattern", "pattern_message_zh"),
            *("pattern_message_en", "searchable", "sortable", "on_card", "active", "position"),
        )
        help_texts = {
            "required": gettext_lazy("Asked for by every form and every file; records that lack it stay as they are."),
            "default": gettext_lazy(
                "What a new record begins with: as one types it; of choices the value, several separated by commas."
            ),
            "minimum": gettext_lazy("A number, or a day such as 2026-01-31."),
            "maximum": gettext_lazy("A number, or a day such as 2026-01-31."),
            "decimals": gettext_lazy("0 to 8; empty: two."),
            "pattern": gettext_lazy("A regular expression that the whole text must fit: [A-Z]{2}[0-9]{6}"),
            "unique": gettext_lazy(
                "No two records may have the same value. Values that are there twice are listed first."
            ),
            "searchable": gettext_lazy(
                "Found by the search and fast to filter by; its index is built while work goes on."
            ),
            "sortable": gettext_lazy("Lists can be sorted by it; its index is built while work goes on."),
            "on_card": gettext_lazy("Shown on the cards of the board."),
            "active": gettext_lazy("Out of use it shows nowhere; its values are kept and come back with it."),
            "position": gettext_lazy("Small numbers first."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before: CustomField | None = None
        if "code" in self.fields:
            self.fields["code"].required = False
            self.fields["code"].help_text = _(
                "Names the field in files, addresses and formulas; it can't be changed later. Empty: made from the label."
            )
        if self.instance.pk:
            for name in ("entity", "code"):
                self.fields[name].disabled = True
            if self.instance.made_by.computed or self.instance.kind == TAGS:
                self.fields["kind"].choices = [(self.instance.kind, self.instance.made_by.label)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("code") and "code" not in self.errors:
            cleaned["code"] = free_code(cleaned)
        return cleaned

    def _post_clean(self) -> None:
        self.instance.chosen_from = posted_options(self.data) if self.data else self.instance.chosen_from
        self.listed = self._listed()
        self.instance.chosen_from += self.listed
        super()._post_clean()
        if self.instance.pk and not self.errors:
            try:
                self.before = check_change(self.instance)
            except ValidationError as error:
                self.add_error(None, error)

    def _listed(self) -> list[CustomOption]:
        """The options written one a line that the field does not have yet, with values made from their labels."""
        there = {option.label_zh for option in self.instance.chosen_from}
        values = {option.value for option in self.instance.chosen_from}
        found: list[CustomOption] = []
        for line in self.cleaned_data.get("lines", "").splitlines():
            zh, _bar, en = (part.strip()[:100] for part in line.partition("|"))
            if not zh or zh in there:
                continue
            value = next(v for v in _codes(en or zh) if v not in values)
            there.add(zh)
            values.add(value)
            place = len(self.instance.chosen_from) + len(found)
            colour = COLOURS[(place * 5) % len(COLOURS)][0]
            found.append(CustomOption(value=value, label_zh=zh, label_en=en, colour=colour, position=place + 1))
        return found

    def save_listed(self) -> None:
        """Keep them, once the field is kept."""
        for option in self.listed:
            option.field = self.instance
            option.save()


def _codes(said: str) -> Iterator[str]:
    """Codes made from a label, the plain one first."""
    text = said if said.isascii() else pinyin_forms(said)[0]
    stem = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", slugify(text).lower()))[:30].strip("_") or "option"
    yield stem
    yield from (f"{stem}_{number}" for number in range(2, 1000))


def free_code(cleaned: dict[str, Any]) -> str:
    """A code made from the label that the entity does not have yet."""
    said = cleaned.get("label_en") or pinyin_forms(cleaned.get("label_zh") or "")[0]
    stem = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", slugify(said).lower()))[:30].strip("_")
    stem = stem if stem[:1].isalpha() else f"field_{stem}".rstrip("_")
    taken = set(CustomField.objects.filter(entity=cleaned.get("entity") or "").values_list("code", flat=True))
    return next(code for code in (stem, *(f"{stem}_{n}" for n in range(2, 1000))) if code not in taken)


def posted_options(data: Any) -> list[CustomOption]:
    """The options that stand in the posted rows."""
    found = []
    total = data.get("options-TOTAL_FORMS", "0")
    for number in range(min(int(total) if total.isdigit() else 0, 500)):
        row = {name: data.get(f"options-{number}-{name}", "").strip() for name in PARTS}
        if row["value"] and not data.get(f"options-{number}-DELETE"):
            position = int(row["position"]) if row["position"].isdigit() else number
            active = bool(data.get(f"options-{number}-active"))
            found.append(CustomOption(**row | {"position": position}, active=active))
    return sorted(found, key=lambda option: option.position)


class OptionForm(forms.ModelForm):
    """One choice; without a value it is made from the label."""

    class Meta:
        model = CustomOption
        fields = ("position", "value", "label_zh", "label_en", "colour", "active")
        widgets = {"position": forms.NumberInput(attrs={"data-order": ""})}

    def clean_value(self) -> str:
        value = self.cleaned_data["value"]
        was = self.instance.value if self.instance.pk else value
        if value != was and (count := count_option(self.instance.field, was)):
            raise ValidationError(
                _("%(count)s records hold “%(value)s”; its value can't be changed.") % {"count": count, "value": was}
            )
        return value


class OptionRows(BaseInlineFormSet):
    """The choices of a field; one that records hold is taken out of use instead of deleted."""

    def clean(self) -> None:
        super().clean()
        for form in self.deleted_forms:
            option = form.instance
            if option.pk and (count := count_option(self.instance, option.value)):
                raise ValidationError(
                    _("%(count)s records hold “%(name)s”. Take it out of use instead of deleting it.")
                    % {"count": count, "name": option}
                )


def preview_form(definition: CustomField) -> forms.Form:
    """A form with nothing but the field, as people will see it."""
    field = cast(forms.Field, input_of(definition.made_by.source(definition, common(definition))))
    if isinstance(field, LinkField):
        field = forms.CharField(label=field.label, help_text=field.help_text, required=field.required)
    form = forms.Form(initial={"preview": definition.default or None})
    form.fields["preview"] = field
    return form
