"""The rules of fit scores in Django admin; saving one scores everything anew."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.admin_reader import ReaderAdmin
from crm.entities.bound import bind
from crm.entities.condition_field import ConditionField
from crm.entities.entity import registry
from crm.jobs.models import Job
from crm.jobs.services import start_job
from marketing.scoring.models import ScoreModel, ScoreRule

KIND = "scoring.score"


@transaction.atomic
def score_anew(label: str, request: HttpRequest) -> None:
    """Queue it, unless it waits already: then its row stays locked until this change is seen by it."""
    waiting = Job.objects.filter(kind=KIND, params__of=label, state=Job.State.QUEUED)
    if not waiting.select_for_update(skip_locked=True).exists():
        start_job(KIND, user=request.user, params={"of": label}, title=_("Fit scores"))


class ScoredAnew(admin.ModelAdmin):
    """Whatever is saved or deleted, all records of its entity are scored anew once."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        score_anew(obj.of, request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        score_anew(obj.of, request)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        labels = set(queryset.values_list("of", flat=True))
        super().delete_queryset(request, queryset)
        for label in sorted(labels):
            score_anew(label, request)


@admin.register(ScoreModel)
class ScoreModelAdmin(ScoredAnew):
    list_display = ("of", "hot_from", "tell")


class ScoreRuleForm(forms.ModelForm):
    """What is scored is chosen once; the conditions are set in the builder."""

    condition = ConditionField(help_text=gettext_lazy("Without conditions everything gets the points."))
    dated_by = forms.ChoiceField(label=gettext_lazy("fades from"), required=False)

    class Meta:
        model = ScoreRule
        fields = ("name", "of", "condition", "points", "dated_by", "half_life", "position", "active")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = self.instance.of if self.instance.pk else ""
        dates = bind(registry[label], self.user).filterable.items() if label else ()
        found = [(name, field.label) for name, field in dates if field.kind in {"date", "datetime"}]
        self.fields["dated_by"].choices = [("", gettext_lazy("does not fade")), *found]
        if label:
            self.fields["of"].disabled = True
            self.fields["condition"].bind_to(label, self.user)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if bool(data.get("dated_by")) != bool(data.get("half_life")):
            raise ValidationError({"half_life": _("Points fade from a date with a half-life: give both or neither.")})
        return data


@admin.register(ScoreRule)
class ScoreRuleAdmin(ScoredAnew, ReaderAdmin):
    form = ScoreRuleForm
    list_display = ("name", "of", "in_words", "points", "half_life", "position", "active")
    list_editable = ("points", "position", "active")
    list_filter = ("of", "active")
    search_fields = ("name",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def response_add(self, request: HttpRequest, obj: ScoreRule, post_url_continue: Any = None) -> HttpResponse:
        """Conditions can be set once it is known what is scored: go on editing."""
        request.POST = request.POST | {"_continue": "1"} if "_addanother" not in request.POST else request.POST
        return super().response_add(request, obj, post_url_continue)

    @admin.display(description=gettext_lazy("conditions"))
    def in_words(self, rule: ScoreRule) -> str:
        return self.condition_in_words(rule.of, rule.condition, _("everything"))
