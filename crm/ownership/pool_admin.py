"""Pools in Django admin: who is of them, what they hide and allow, when records come back, and what that would do now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
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
from crm.ownership.anchors import anchors_of
from crm.ownership.models import HoldingLimit, Pool, PoolMember, RecycleRule, RecycleRun
from crm.ownership.pools import is_pooled
from crm.ownership.recycling import outlook


def pooled_choices() -> list[tuple[str, str]]:
    """Entities whose records may lie in pools."""
    return sorted((label, entity.plural) for label, entity in registry.items() if is_pooled(entity.model))


class PoolForm(forms.ModelForm):
    """The entity is chosen once; what a pool takes is set in the builder, what it hides is ticked."""

    entity = forms.ChoiceField(label=_("entity"), choices=pooled_choices)
    condition = ConditionField(label=_("takes records where"), help_text=_("Without conditions it takes every record."))
    hidden = forms.MultipleChoiceField(
        label=_("hidden until claimed"), required=False, widget=forms.CheckboxSelectMultiple
    )
    user: Any = None

    class Meta:
        model = Pool
        fields = (
            "entity", "name", "position", "active", "takes_unassigned", "condition", "hidden", "takes_notes", "per_day",
            "views_per_day", "cool_down_days", "fresh_hours",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["hidden"]
            return
        self.fields["entity"].disabled = True
        self.fields["condition"].bind_to(self.instance.entity, self.user)
        entity = registry[self.instance.entity]
        shown = {*getattr(entity.model, "shown_by", ()), "owner", "pool", "held_since", "recycle_at", "department"}
        names = [name for name in entity.field_names if "__" not in name and name not in shown]
        self.fields["hidden"].choices = [(name, entity.field(name).label) for name in names]


class RecycleRuleForm(forms.ModelForm):
    """One rule of a pool that is there already."""

    counted_from = forms.ChoiceField(label=_("counted from"))
    condition = ConditionField(label=_("only records where"))
    exempt = ConditionField(label=_("except records where"))
    user: Any = None
    pool: Pool | None = None

    class Meta:
        model = RecycleRule
        fields = ("counted_from", "days", "unit", "warn_days", "condition", "exempt", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.pool is not None:
            self.fields["counted_from"].choices = [(one.name, one.label) for one in anchors_of(self.pool.entity)]
            for name in ("condition", "exempt"):
                self.fields[name].bind_to(self.pool.entity, self.user)


class MemberInline(admin.TabularInline):
    model = PoolMember
    autocomplete_fields = ("user", "department")
    extra = 0


class RuleInline(admin.StackedInline):
    model = RecycleRule
    form = RecycleRuleForm
    fields = (("counted_from", "days", "unit", "warn_days", "active"), "condition", "exempt")
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Pool | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.user, formset.form.pool = request.user, obj
        return formset


@admin.register(Pool)
class PoolAdmin(ReaderAdmin):
    """The pools of each entity in the order in which they are asked."""

    form = PoolForm
    list_display = ("name", "of_entity", "position", "in_words", "holds", "per_day", "active")
    list_editable = ("position", "active")
    list_filter = (EntityFilter, "active")
    search_fields = ("name",)
    change_form_template = "admin/ownership/pool/change_form.html"

    def get_inlines(self, request: HttpRequest, obj: Pool | None) -> Any:
        return (MemberInline, RuleInline) if obj is not None else (MemberInline,)

    def get_form(self, request: HttpRequest, obj: Pool | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def get_fields(self, request: HttpRequest, obj: Pool | None = None) -> Any:
        return [name for name in PoolForm.Meta.fields if obj is not None or name != "hidden"]

    def response_add(self, request: HttpRequest, obj: Pool, post_url_continue: Any = None) -> HttpResponse:
        """Conditions, hidden fields and rules can be set once the entity is known: go on editing."""
        request.POST = request.POST | {"_continue": "1"} if "_addanother" not in request.POST else request.POST
        return super().response_add(request, obj, post_url_continue)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.outlook)
        return [path("<int:pk>/outlook/", view, name="ownership_pool_outlook"), *super().get_urls()]

    def outlook(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How many records each rule would take, warn of and spare now. Nothing is written."""
        pool = get_object_or_404(Pool, pk=pk)
        if not self.has_view_permission(request, pool):
            raise PermissionDenied
        if pool.entity not in registry:
            raise Http404
        now, bound = timezone.now(), bind(registry[pool.entity], request.user)
        labels = {one.name: one.label for one in anchors_of(pool.entity)}
        lines = [(rule, labels.get(rule.counted_from), outlook(rule, now)) for rule in pool.recycle_rules.all()]
        shown = bound.records().in_bulk([due.record_id for _rule, _label, found in lines for due in found.first])
        context = {
            **self.admin_site.each_context(request),
            "title": _("What the rules would do now"),
            "pool": pool,
            "lines": [
                (rule, label, found, [(shown[due.record_id], due) for due in found.first if due.record_id in shown])
                for rule, label, found in lines
            ],
            "runs": RecycleRun.objects.all()[:10],
            "back": reverse("admin:ownership_pool_change", args=[pk]),
            "opts": self.opts,
        }
        return render(request, "admin/ownership/pool/outlook.html", context)

    @admin.display(description=_("entity"), ordering="entity")
    def of_entity(self, pool: Pool) -> str:
        return registry[pool.entity].plural if pool.entity in registry else pool.entity

    @admin.display(description=_("takes records where"))
    def in_words(self, pool: Pool) -> str:
        return self.condition_in_words(pool.entity, pool.condition, _("every record"))

    @admin.display(description=_("records"))
    def holds(self, pool: Pool) -> int:
        if pool.entity not in registry:
            return 0
        return bind(registry[pool.entity], self.reader).records().filter(pool=pool).count()


class LimitForm(forms.ModelForm):
    entity = forms.ChoiceField(label=_("entity"), choices=pooled_choices)


@admin.register(HoldingLimit)
class HoldingLimitAdmin(admin.ModelAdmin):
    """How many records people may hold who claim."""

    form = LimitForm
    list_display = ("of_entity", "role", "department", "most")
    list_filter = (EntityFilter,)
    autocomplete_fields = ("department",)

    @admin.display(description=_("entity"), ordering="entity")
    def of_entity(self, limit: HoldingLimit) -> str:
        return registry[limit.entity].plural if limit.entity in registry else limit.entity
