"""Activity plans and targets in Django admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm.activities.models import ActivityPlan, ActivityTarget, PlanStep, Task
from crm.activities.planning import KEPT, plan_entities


class PlanForm(forms.ModelForm):
    """For which records a plan is; none chosen: for all."""

    entities = forms.MultipleChoiceField(
        label=_("for"),
        choices=plan_entities,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: for every record that takes activities."),
    )

    class Meta:
        model = ActivityPlan
        fields = ("name", "description", "entities", "active")


class StepForm(forms.ModelForm):
    """A step; who does it is told by what is chosen beside it."""

    kind = forms.ChoiceField(label=_("kind"), choices=Task.Kind.choices)
    priority = forms.ChoiceField(label=_("priority"), choices=Task.Priority.choices, initial=Task.Priority.NORMAL)

    class Meta:
        model = PlanStep
        fields = ("position", "subject", "kind", "days", "priority", "to", "role", "person", "description", "checklist")
        widgets = {
            "description": forms.Textarea(attrs={"rows": 2, "cols": 30}),
            "checklist": forms.Textarea(attrs={"rows": 2, "cols": 30}),
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("to") == PlanStep.To.ROLE and not given.get("role"):
            self.add_error("role", _("Choose a role."))
        if given.get("to") == PlanStep.To.PERSON and not given.get("person"):
            self.add_error("person", _("Choose a person."))
        return given


class StepInline(admin.StackedInline):
    model = PlanStep
    form = StepForm
    extra = 0
    autocomplete_fields = ("person",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("position", "days", "kind", "priority"),
                    "subject",
                    ("to", "role", "person"),
                    ("description", "checklist"),
                )
            },
        ),
    )


@admin.register(ActivityPlan)
class ActivityPlanAdmin(admin.ModelAdmin):
    """Steps with their distance in working days from the day on which the plan is applied."""

    form = PlanForm
    list_display = ("name", "description", "is_for", "how_many", "active")
    list_editable = ("active",)
    list_filter = ("active",)
    search_fields = ("name", "description", "steps__subject")
    inlines = (StepInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("steps")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        cache.delete(KEPT)

    @admin.display(description=_("for"))
    def is_for(self, plan: ActivityPlan) -> str:
        names = dict(plan_entities())
        return "、".join(names.get(label, label) for label in plan.entities) or str(_("every record"))

    @admin.display(description=_("steps"))
    def how_many(self, plan: ActivityPlan) -> str:
        steps = list(plan.steps.all())
        span = max((step.days for step in steps), default=0)
        return ngettext("%(n)d step", "%(n)d steps", len(steps)) % {"n": len(steps)} + f" · {span}"


@admin.register(ActivityTarget)
class ActivityTargetAdmin(admin.ModelAdmin):
    """How many calls, visits and meetings a week are expected of each person."""

    list_display = ("kind", "department", "per_week")
    list_editable = ("per_week",)
    list_filter = ("kind",)
    list_select_related = ("department",)
    autocomplete_fields = ("department",)
    search_fields = ("department__name",)
