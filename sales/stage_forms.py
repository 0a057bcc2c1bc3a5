"""Stages as rows of their pipeline in Django admin: what is left empty is put where it makes sense."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sales.models import Stage
from sales.models.pipeline import probability_between


class StageRowForm(forms.ModelForm):
    """One stage. The place and the probability may be left empty."""

    class Meta:
        model = Stage
        fields = ("name",)  # the administration names the others

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("position", "probability"):
            self.fields[name].required = False
        self.fields["position"].widget.attrs["data-order"] = ""
        self.fields["probability"].help_text = _("Empty: between those of its neighbours.")
        if self.instance._state.adding:
            self.initial = {"position": None, "probability": None, **self.initial}

    def has_changed(self) -> bool:
        """A new row counts once something is typed into it, the proposed ones too."""
        if self.instance._state.adding and self.is_bound:
            typed = ("name", "position", "rotting_days")
            return any((self.data.get(self.add_prefix(name)) or "").strip() for name in typed)
        return super().has_changed()


# How a new pipeline begins: rows to fill in, those left empty are forgotten, and the two ways in which a sale ends.
ROWS = (("blue", 10), ("teal", 25), ("indigo", 40), ("amber", 60), ("orange", 80))


def proposed() -> list[dict[str, Any]]:
    """The rows of a new pipeline."""
    ends = [
        {
            "name": pgettext_lazy("stage", "Won"),
            "probability": 100,
            "colour": "green",
            "forecast": "commit",
            "is_won": True,
        },
        {
            "name": pgettext_lazy("stage", "Lost"),
            "probability": 0,
            "colour": "slate",
            "forecast": "omitted",
            "is_lost": True,
        },
    ]
    return [{"colour": colour, "probability": chance} for colour, chance in ROWS] + ends


class StageRows(forms.BaseInlineFormSet):
    """The stages of one pipeline."""

    def clean(self) -> None:
        """Place new stages before those that close a sale; give a chance to those that have none."""
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.instance.name and not form.cleaned_data.get("DELETE")]
        placed = [form.instance for form in kept if form.cleaned_data.get("position") is not None]
        for form in kept:
            if form.cleaned_data.get("position") is None:
                form.instance.position = form.initial["position"] if form.instance.pk else _place(placed)
        kept.sort(key=lambda form: (form.instance.position, form.instance.pk is not None))
        empty = [form.instance for form in kept if form.cleaned_data.get("probability") is None]
        stages = [form.instance for form in kept]
        for place, stage in enumerate(stages):
            if stage in empty:
                known = [other for other in stages[place + 1 :] if other not in empty]
                chance = 100 if stage.is_won else 0 if stage.is_lost else probability_between(stages[:place], known)
                stage.probability = chance


def _place(stages: list[Stage]) -> int:
    """Before the first stage that closes a sale, else behind the last one."""
    closing = [stage.position for stage in stages if stage.is_won or stage.is_lost]
    return min(closing) if closing else max((stage.position + 1 for stage in stages), default=0)
