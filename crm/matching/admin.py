"""What the house does about duplicates, kept by administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.customfields import definitions
from crm.entities.entity import registry
from crm.matching.jobs import start_fill
from crm.matching.keys import matched_labels
from crm.matching.models import MatchPolicy, MatchRule


def entity_choices() -> list[tuple[str, str]]:
    """The entities among which duplicates are looked for."""
    return [(label, registry[label].plural) for label in matched_labels() if label in registry]


class RuleForm(forms.ModelForm):
    """Which value, among which records, and what then."""

    entities = forms.MultipleChoiceField(
        label=_("among"), choices=entity_choices, widget=forms.CheckboxSelectMultiple,
        help_text=_("Among several, no two of them may share the value: a lead collides with an account."),
    )  # fmt: skip

    class Meta:
        model = MatchRule
        fields = ("kind", "entities", "level", "active")


@admin.register(MatchRule)
class MatchRuleAdmin(admin.ModelAdmin):
    """Which shared values refuse, warn or do not count. A rule that refuses takes hold of what is there as a job."""

    form = RuleForm
    list_display = ("kind", "among", "level", "active")
    list_filter = ("kind", "level", "active")

    @admin.display(description=_("among"))
    def among(self, rule: MatchRule) -> str:
        names = dict(entity_choices())
        return ", ".join(str(names.get(label, label)) for label in rule.entities)

    def save_model(self, request: HttpRequest, obj: MatchRule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        definitions.look_again()
        job = start_fill(obj, user=request.user)
        text = _("What is there is looked through now; of duplicates the oldest record keeps the value (job %(job)s).")
        messages.info(request, text % {"job": job.pk})

    def delete_model(self, request: HttpRequest, obj: MatchRule) -> None:
        super().delete_model(request, obj)
        definitions.look_again()


class PolicyForm(forms.ModelForm):
    """How duplicates of one entity are judged."""

    entity = forms.ChoiceField(label=_("entity"), choices=entity_choices)

    class Meta:
        model = MatchPolicy
        fields = (
            "entity", "warn_from", "across", "tell_owner", "tell_department", "tell_stage", "answer_hours", "protect_days",
            "arbiter",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["entity"].disabled = True


@admin.register(MatchPolicy)
class MatchPolicyAdmin(admin.ModelAdmin):
    """How much must agree, and what is told of a record that the reader may not see."""

    form = PolicyForm
    list_display = ("of_entity", "warn_from", "across", "tell_owner", "tell_department", "tell_stage", "arbiter")
    autocomplete_fields = ("arbiter",)
    fieldsets = (
        (None, {"fields": ("entity", "warn_from", "across")}),
        (
            _("What is told of a record that somebody may not see"),
            {
                "fields": ("tell_owner", "tell_department", "tell_stage"),
                "description": _("Never anything else: no name, number or value of the record."),
            },
        ),
        (_("Collisions"), {"fields": ("answer_hours", "arbiter", "protect_days")}),
    )

    @admin.display(description=_("entity"))
    def of_entity(self, policy: MatchPolicy) -> str:
        return str(dict(entity_choices()).get(policy.entity, policy.entity))

    def save_model(self, request: HttpRequest, obj: MatchPolicy, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        definitions.look_again()
