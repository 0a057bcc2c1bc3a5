"""The forms by which administrators define formulas, roll-ups and validation rules: expressions with labels, never JSON."""

from __future__ import annotations

from typing import Any

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas.checks import judge_rule
from crm.customfields.formulas.graph import FORMULA, ROLLUP
from crm.customfields.formulas.kinds import RESULTS
from crm.customfields.formulas.paths import ModelNames, fields_of, written_name
from crm.customfields.formulas.rollups import FUNCTIONS, kinds_for, link_choices
from crm.customfields.kinds import CUSTOM_KINDS
from crm.customfields.models import CustomField
from crm.customfields.services import check_change
from crm.entities.condition_field import ConditionField
from crm.entities.custom_forms import free_code
from crm.entities.entity import registry
from crm.lib.expressions import ExpressionError, compile_expression
from crm.lib.expressions.tokens import LONGEST

SHOWN = ("searchable", "sortable", "on_card", "active", "position")


def expression_field(**options: Any) -> forms.CharField:
    """An expression, checked while it is written."""
    attrs = {"rows": 4, "spellcheck": "false", "data-expression": "", "autocapitalize": "off"}
    return forms.CharField(max_length=LONGEST, strip=True, widget=forms.Textarea(attrs=attrs), **options)


def as_written(text: str, label: str, *, rules: bool = False) -> str:
    """A stored expression with the labels of fields in the reader's language; as it is stored where it can't be read any more."""
    model = apps.get_model(label)
    try:
        compiled = compile_expression(text, ModelNames(model), rules=rules)
    except ExpressionError:
        return text
    return compiled.written(lambda symbol: written_name(symbol, model))


class ComputedForm(forms.ModelForm):
    """What formulas and roll-ups have in common. ``entity_label`` is chosen before."""

    computed = ""
    entity_label = ""
    user: Any = None

    class Meta:
        model = CustomField
        fields = ("label_zh", "label_en", "code", "help_zh", "help_en", "decimals", *SHOWN)
        help_texts = {
            "decimals": gettext_lazy("0 to 8; empty: two."),
            "searchable": gettext_lazy("Texts are found by the search; the list filters by it fast."),
            "sortable": gettext_lazy("Lists can be sorted by it; its index is built while work goes on."),
            "on_card": gettext_lazy("Shown on the cards of the board."),
            "active": gettext_lazy("Out of use it shows nowhere and is not worked out."),
            "position": gettext_lazy("Small numbers first."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before: CustomField | None = None
        if self.instance.pk:
            self.fields["code"].disabled = True
        else:
            self.instance.entity, self.instance.kind = self.entity_label, self.computed
        self.fields["code"].required = False
        self.fields["code"].help_text = _("Names the field in files and formulas. Empty: made from the label.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("code") and "code" not in self.errors:
            cleaned["code"] = free_code({**cleaned, "entity": self.instance.entity})
        return cleaned

    def said(self) -> dict[str, Any]:
        """The settings of the kind, from what was entered."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        if not self.errors:
            self.instance.settings = self.said()
            self.instance.__dict__.pop("made_by", None)
        super()._post_clean()
        if self.instance.pk and not self.errors:
            try:
                self.before = check_change(self.instance)
            except ValidationError as error:
                self.add_error(None, error)


class FormulaForm(ComputedForm):
    """A formula: what it gives, and how."""

    computed = FORMULA
    result = forms.ChoiceField(
        label=gettext_lazy("Gives"), choices=lambda: [(name, CUSTOM_KINDS[name].label) for name in RESULTS]
    )
    expression = expression_field(label=gettext_lazy("Formula"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            said = self.instance.settings
            self.initial["result"] = said.get("result")
            self.initial["expression"] = as_written(said.get("expression", ""), self.instance.entity)

    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("expression", "result")}


class RollUpForm(ComputedForm):
    """A roll-up: over which rows, what of them. The rows are chosen before, as ``link``."""

    computed = ROLLUP
    link = ""
    function = forms.ChoiceField(label=gettext_lazy("Works out"), choices=lambda: list(FUNCTIONS.items()))
    field = forms.ChoiceField(
        label=gettext_lazy("Of the field"),
        required=False,
        help_text=gettext_lazy("Not asked for where rows are counted."),
    )
    where = ConditionField(
        label=gettext_lazy("Only rows of which this holds"),
        help_text=gettext_lazy("Everybody sees the same value: rows that a reader may not see count too."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.link = self.instance.settings.get("link", "")
            for name in ("function", "field", "where"):
                self.initial[name] = self.instance.settings.get(name)
        child = self.link.partition(":")[0]
        if child in registry:
            self.fields["where"].bind_to(child, self.user)
        kinds = kinds_for("min")
        known = dict.fromkeys(fields_of(apps.get_model(child)).values()) if child else {}
        self.fields["field"].choices = [("", "")] + [(f.name, f.label) for f in known if f.kind in kinds]

    @property
    def rows(self) -> str:
        """Which rows, in words."""
        return dict(link_choices(apps.get_model(self.instance.entity))).get(self.link, self.link)

    def said(self) -> dict[str, Any]:
        return {"link": self.link, **{name: self.cleaned_data[name] for name in ("function", "field", "where")}}


class ValidationRuleForm(forms.ModelForm):
    """A rule: when a record is refused, what is said, where."""

    entity_label = ""
    user: Any = None
    expression = expression_field(
        label=gettext_lazy("Refuse while this is true"),
        required=False,
        help_text=gettext_lazy("Such as: amount > 100000 and empty(close_date). With conditions too, both must hold."),
    )
    where = ConditionField(label=gettext_lazy("And while this holds"))
    field = forms.ChoiceField(
        label=gettext_lazy("Say it beside the field"), required=False, help_text=gettext_lazy("Empty: above the form.")
    )

    class Meta:
        model = ValidationRule
        fields = (
            *("name", "expression", "where", "message_zh", "message_en", "field", "on_create", "on_change", "always"),
            *("position", "active"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.instance.entity = self.entity_label
        entity = registry.get(self.instance.entity)
        if entity is None:
            return
        self.fields["where"].bind_to(entity.label, self.user)
        self.fields["field"].choices = [("", "")] + [(name, entity.field(name).label) for name in entity.form_names]
        if self.instance.pk:
            self.initial["expression"] = as_written(self.instance.expression, entity.label, rules=True)

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                judge_rule(self.instance)
            except ValidationError as error:
                self.add_error(None, error)
