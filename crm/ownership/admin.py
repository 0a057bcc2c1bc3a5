"""Assignment rules in Django admin, with a preview of what they would decide now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.admin_filters import EntityFilter
from crm.entities.admin_reader import ReaderAdmin
from crm.entities.bound import bind
from crm.entities.condition_field import ConditionField
from crm.entities.entity import registry
from crm.ownership import (
    measures,
    pool_admin,  # noqa: F401 - found by Django here
)
from crm.ownership.choosing import Chooser
from crm.ownership.models import AssignmentMember, AssignmentRule, Pool

SHOWN = 20


def work_choices() -> list[tuple[str, str]]:
    """Entities whose records are work to be given to somebody."""
    return sorted((label, entity.plural) for label, entity in registry.items() if entity.workload)


class RuleForm(forms.ModelForm):
    """The entity is chosen once; its conditions are set in the builder."""

    entity = forms.ChoiceField(label=_("entity"), choices=work_choices)
    condition = ConditionField(help_text=_("Without conditions the rule fits every record."))
    measure = forms.ChoiceField(label=_("performance"), required=False)

    class Meta:
        model = AssignmentRule
        fields = (
            "entity", "name", "active", "position", "when", "condition", "strategy", "measure", "working_hours", "fallback", "fallback_pool",
        )  # fmt: skip

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["measure"].choices = [
            ("", _("Weight alone")),
            *((m.name, m.label) for m in measures.registry.values()),
        ]
        pools = Pool.objects.filter(entity=self.instance.entity) if self.instance.pk else Pool.objects.all()
        self.fields["fallback_pool"].queryset = pools
        if self.instance.pk:
            self.fields["entity"].disabled = True
            self.fields["condition"].bind_to(self.instance.entity, self.user)


class MemberInline(admin.TabularInline):
    model = AssignmentMember
    autocomplete_fields = ("user",)
    fields = ("position", "user", "weight", "capacity", "per_day", "given")
    readonly_fields = ("given",)
    extra = 0


@admin.register(AssignmentRule)
class AssignmentRuleAdmin(ReaderAdmin):
    """The rules of each entity in the order in which they are asked."""

    form = RuleForm
    list_display = ("name", "of_entity", "position", "when", "in_words", "strategy", "people", "active")
    list_editable = ("position", "active")
    list_filter = (EntityFilter, "active", "strategy")
    search_fields = ("name", "members__user__name")
    autocomplete_fields = ("fallback",)
    inlines = (MemberInline,)
    change_form_template = "admin/ownership/assignmentrule/change_form.html"

    def get_form(
        self, request: HttpRequest, obj: AssignmentRule | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("members__user")

    def response_add(self, request: HttpRequest, obj: AssignmentRule, post_url_continue: Any = None) -> HttpResponse:
        """Conditions can be set once the entity is known: go on editing."""
        request.POST = request.POST | {"_continue": "1"} if "_addanother" not in request.POST else request.POST
        return super().response_add(request, obj, post_url_continue)

    def get_urls(self) -> list:
        preview = self.admin_site.admin_view(self.preview)
        return [path("<int:pk>/preview/", preview, name="ownership_assignmentrule_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the rules of the entity would decide for its latest records, one after the other. Nothing is written."""
        rule = get_object_or_404(AssignmentRule, pk=pk)
        if not self.has_view_permission(request, rule):
            raise PermissionDenied
        if rule.entity not in registry:
            raise Http404
        bound = bind(registry[rule.entity], request.user)
        latest = list(bound.records().order_by("-pk")[:SHOWN])
        with transaction.atomic():
            chooser = Chooser(rule.entity, timezone.now())
            lines = [(record, chooser.choose(record)) for record in latest]
            transaction.set_rollback(True)
        context = {
            **self.admin_site.each_context(request),
            "title": _("What the rules would decide now"),
            "rule": rule,
            "lines": [(record, decision, decision.explained()) for record, decision in lines],
            "back": reverse("admin:ownership_assignmentrule_change", args=[pk]),
            "opts": self.opts,
        }
        return render(request, "admin/ownership/assignmentrule/preview.html", context)

    @admin.display(description=_("entity"), ordering="entity")
    def of_entity(self, rule: AssignmentRule) -> str:
        return registry[rule.entity].plural if rule.entity in registry else rule.entity

    @admin.display(description=_("conditions"))
    def in_words(self, rule: AssignmentRule) -> str:
        return self.condition_in_words(rule.entity, rule.condition, _("every record"))

    @admin.display(description=_("people"))
    def people(self, rule: AssignmentRule) -> str:
        return "、".join(str(member.user) for member in rule.members.all())
