"""What enrolling asks for, and the rows of the editor of steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import BaseFormSet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.entities.inputs import LineField, TextField
from crm.messaging.models import MessageTemplate
from sales.forms import VerbForm
from sales.sequences.entering import check_person, mailbox_of, person_of, steps_of
from sales.sequences.models import LONGEST_WAIT, Sequence, SequenceStep
from sales.sequences.steps import MOST, check_step


class SequenceChoice(forms.Select):
    """A choice of sequences with the first e-mail of the chosen one under it."""

    template_name = "sequences/choice.html"
    preview_url = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"preview_url": self.preview_url}

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> str:
        """Its template is one of ours, which Django's own renderer of forms does not know."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))


class EnrolForm(VerbForm):
    """Which sequence. Of many records the record is a blank one: what keeps one out is told after it."""

    sequence = forms.ModelChoiceField(
        Sequence.objects.none(), label=gettext_lazy("Sequence"), widget=SequenceChoice, empty_label=None
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Sequence.objects.restrict(self.user).filter(active=True, deleted_at__isnull=True)
        may = policy.can(self.user, "sequences.enrolment", "add")
        self.fields["sequence"].queryset = rows.order_by("name") if may else rows.none()
        pk = self.record.pk or 0
        self.fields["sequence"].widget.preview_url = reverse("sequences:preview", args=[self.record.entity_label(), pk])

    def clean_sequence(self) -> Sequence:
        """What keeps the person out is told before anything is done."""
        sequence = self.cleaned_data["sequence"]
        mailbox_of(self.user, steps_of(sequence))
        if self.record.pk and (person := person_of(self.record, self.user)) is not None:
            check_person(person, sequence)
        return sequence


class StepForm(forms.Form):
    """One step of the editor; a row where nothing was typed is none."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    position = forms.IntegerField(
        label=gettext_lazy("Position"), required=False, widget=forms.NumberInput(attrs={"data-order": "1", "min": 1})
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=SequenceStep.Kind.choices)
    wait = forms.IntegerField(label=gettext_lazy("Wait"), min_value=0, max_value=LONGEST_WAIT, initial=2)
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"), choices=SequenceStep.Unit.choices, initial=SequenceStep.Unit.DAYS
    )
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        label=gettext_lazy("Template"),
        required=False,
        empty_label=gettext_lazy("No template"),
    )
    subject = LineField(label=gettext_lazy("Subject"), max_length=300, required=False)
    body = TextField(
        label=gettext_lazy("Text"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = MessageTemplate.objects.filter(channel="mail", active=True)
        for name, field in self.fields.items():
            if name != "id":
                select = isinstance(field.widget, forms.Select)
                field.widget.attrs["class"] = "form-select" if select else "form-control"
                field.widget.attrs["aria-label"] = str(field.label)

    def has_changed(self) -> bool:
        """A new row counts once it says something."""
        return bool(self.data.get(self.add_prefix("id"))) or bool(
            {"template", "subject", "body"} & {*self.changed_data}
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("DELETE"):
            try:
                check_step(data)
            except ValidationError as error:
                self.add_error(None, error)
        return data


class BaseSteps(BaseFormSet):
    """The steps in the order of their positions; equal ones as they stand."""

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Remove")

    def rows(self) -> list[dict[str, Any]]:
        """What is left of a valid form."""
        found = [form.cleaned_data for form in self.forms if form.has_changed() and not form.cleaned_data.get("DELETE")]
        return sorted(found, key=lambda row: MOST if row.get("position") is None else row["position"])


Steps = forms.formset_factory(StepForm, formset=BaseSteps, extra=1, can_delete=True, max_num=MOST, validate_max=True)
