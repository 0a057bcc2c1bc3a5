"""Pipelines with their stages, loss reasons, leads and opportunities in Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from crm.records.actor import Actor
from crm.records.admin import RecordAdmin
from sales.gate_admin import gates_of
from sales.models import Lead, LossReason, Opportunity, Pipeline, Stage
from sales.services import save_opportunity
from sales.stage_forms import StageRowForm, StageRows, proposed


class StageInline(admin.TabularInline):
    """The stages in their order: dragged by the handle, or by the numbers where scripts don't run."""

    model = Stage
    form = StageRowForm
    formset = StageRows
    extra = 0
    ordering = ("position", "id")
    fields = (
        "position",
        "name",
        "probability",
        "colour",
        "rotting_days",
        "forecast",
        "is_won",
        "is_lost",
    )

    def get_extra(self, request: HttpRequest, obj: Pipeline | None = None, **kwargs: Any) -> int:
        return len(proposed()) if obj is None else 0


@admin.register(Pipeline)
class PipelineAdmin(admin.ModelAdmin):
    list_display = ("name", "stage_count", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("active",)
    search_fields = ("name",)
    inlines = (StageInline,)
    change_form_template = "admin/sales/pipeline/change_form.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With the gates of its transitions in words."""
        pipeline = Pipeline.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        gates = gates_of(pipeline, request.user) if pipeline is not None else []
        context = {**(extra_context or {}), "gates": gates, "pipeline": pipeline}
        return super().change_view(request, object_id, form_url, context)

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if inline.model is Stage and obj._state.adding and request.method != "POST":
            kwargs["initial"] = proposed()
        return kwargs

    def response_add(self, request: HttpRequest, obj: Pipeline, post_url_continue: Any = None) -> HttpResponse:
        """On to its gates, which stand on its own page."""
        if "_save" in request.POST:
            request.POST = request.POST | {"_continue": "1"}
        return super().response_add(request, obj, post_url_continue)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(stages_in_it=Count("stages"))

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseInlineFormSet, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Stage:
            Stage.objects.arrange(form.instance, new=[stage.pk for stage in formset.new_objects])

    @admin.display(description=_("stages"), ordering="stages_in_it")
    def stage_count(self, pipeline: Any) -> int:
        return pipeline.stages_in_it


@admin.register(Stage)
class StageAdmin(admin.ModelAdmin):
    """Found by other pages; edited with its pipeline."""

    list_display = ("name", "pipeline", "position", "probability", "rotting_days", "is_won", "is_lost")
    list_filter = ("pipeline",)
    list_select_related = ("pipeline",)
    search_fields = ("name", "pipeline__name")
    ordering = ("pipeline__position", "position")


@admin.register(LossReason)
class LossReasonAdmin(admin.ModelAdmin):
    list_display = ("name", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("active",)
    search_fields = ("name",)


@admin.register(Lead)
class LeadAdmin(RecordAdmin):
    list_display = ("title", "company", "status", "source", "owner", "created_at")
    list_filter = ("status", "rating", "created_at")
    list_select_related = ("source", "owner")
    search_fields = ("title", "title_key", "company", "mobile", "email", "external_id")
    autocomplete_fields = ("owner", "industry", "region", "source")
    show_full_result_count = False


@admin.register(Opportunity)
class OpportunityAdmin(RecordAdmin):
    list_display = ("name", "account", "stage", "state", "amount", "currency", "close_date", "owner")
    list_filter = ("state", "pipeline", "close_date")
    list_select_related = ("account", "stage", "owner")
    search_fields = ("name", "name_key", "external_id")
    autocomplete_fields = ("owner", "account", "stage", "source", "loss_reason")
    date_hierarchy = "close_date"
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Opportunity, form: ModelForm, change: bool) -> None:
        save_opportunity(obj, actor=Actor.of(request))
