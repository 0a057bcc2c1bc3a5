"""The builder: which fields a form has, in which order, how they are called."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseInlineFormSet, inlineformset_factory
from django.utils.translation import gettext as _

from crm.records.actor import Actor
from crm.records.log import log
from marketing.kinds import FIELDS_CHANGED
from marketing.models import FormField, WebForm
from marketing.webforms.fields import bound_of, field_choices

MOST = 40


class FieldForm(forms.ModelForm):
    """One row of the builder."""

    field = forms.ChoiceField(required=False)

    class Meta:
        model = FormField
        fields = ("field", "label_zh", "label_en", "help_zh", "help_en", "required", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("label_zh", "label_en", "help_zh", "help_en"):
            said = _("Chinese") if name.endswith("zh") else _("English")
            self.fields[name].widget.attrs |= {"placeholder": said, "aria-label": f"{self.fields[name].label}"}

    def has_changed(self) -> bool:
        """A row without a field is an empty row, whatever its number says."""
        return bool(self.instance.pk or self["field"].value()) and super().has_changed()


class Fields(BaseInlineFormSet):
    """All rows; those without a field go away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = field_choices(self.instance)
        gone = {row.field for row in self.queryset} - {name for name, _label in choices}
        for form in self.forms:
            form.fields["field"].choices = [*choices, *((name, name) for name in gone)]

    def clean(self) -> None:
        names = [form.cleaned_data.get("field") for form in self.forms if hasattr(form, "cleaned_data")]
        names = [name for name in names if name]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            labels = dict(field_choices(self.instance))
            raise ValidationError(_("“%(field)s” is chosen twice.") % {"field": labels.get(min(twice), min(twice))})

    def save(self, *, actor: Actor) -> None:  # type: ignore[override]
        """Write the rows as they stand now, and note on the form who changed them."""
        rows = [form.instance for form in self.forms if form.cleaned_data.get("field")]
        with transaction.atomic():
            FormField.objects.filter(form=self.instance).delete()
            for row in rows:
                row.pk, row.form = None, self.instance
            FormField.objects.bulk_create(rows)
            told = [row.field for row in sorted(rows, key=lambda row: row.position)]
            log(self.instance, FIELDS_CHANGED, actor=actor, fields=told)


FieldSet = inlineformset_factory(
    WebForm, FormField, form=FieldForm, formset=Fields, extra=3, max_num=MOST, absolute_max=MOST, can_delete=False
)


def builder(form: WebForm, data: Any = None) -> Fields:
    """The rows of the form, with three empty ones."""
    last = form.fields.order_by("-position").values_list("position", flat=True).first() or 0
    return FieldSet(data, instance=form, prefix="fields", initial=[{"position": last + n} for n in (1, 2, 3)])


def first_fields(form: WebForm) -> None:
    """A new form begins with what one asks first."""
    wanted = ("name", "company", "mobile", "email", "interest", "description")
    possible = {name for name, _label in field_choices(form)}
    rows = [
        FormField(form=form, field=name, position=number, required=name in {"name", "mobile"})
        for number, name in enumerate(wanted, 1)
        if name in possible
    ]
    FormField.objects.bulk_create(rows)


def label_of(form: WebForm, name: str) -> str:
    """What a field of the target is called."""
    bound = bound_of(form)
    found = bound.visible([name]) if name in bound.form_names else []
    return str(found[0].label) if found else name
