"""Formulas, roll-ups and validation rules in Django admin: explained, checked while written, tried on real records."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas import checks, recalculating
from crm.customfields.formulas.graph import FORMULA, ROLLUP, graph
from crm.customfields.formulas.rollups import FUNCTIONS, link_choices
from crm.customfields.models import CustomField, Formula, RollUp
from crm.customfields.services import changed, delete_field
from crm.entities.bound import bind
from crm.entities.computed_forms import SHOWN, FormulaForm, RollUpForm, ValidationRuleForm, as_written
from crm.entities.computed_help import explained, live_check
from crm.entities.condition_field import in_words
from crm.entities.entity import registry
from crm.entities.logic_admin import OfEntityAdmin
from crm.records.actor import Actor

NAMES = (("label_zh", "label_en"), "code", ("help_zh", "help_en"))
WHERE_IT_SHOWS = (gettext_lazy("Where it shows"), {"fields": (SHOWN[:3], SHOWN[3:])})


class ComputedAdmin(OfEntityAdmin):
    """What formulas and roll-ups have in common."""

    computed = ""
    list_display = ("label_of", "of_entity", "said", "code", "active", "problem")
    search_fields = ("label_zh", "label_en", "code")
    change_form_template = "admin/customfields/computed/change_form.html"
    actions = ("work_out_anew",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(kind=self.computed, purging=False)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and not obj.position:
            obj.position = CustomField.objects.filter(entity=obj.entity).count() + 1
        obj.save()
        field = CustomField.objects.get(pk=obj.pk)
        changed(field, "changed" if change else "defined", actor=Actor.of(request), before=form.before)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_field(CustomField.objects.get(pk=obj.pk), actor=Actor.of(request))
        messages.info(request, _("The field and its values are being deleted."))

    @admin.action(description=gettext_lazy("Work out anew for all records"), permissions=["change"])
    def work_out_anew(self, request: HttpRequest, queryset: QuerySet) -> None:
        for field in queryset.filter(active=True):
            recalculating.start(field.entity, [field.code], user=request.user, title=field.label)
        messages.info(request, _("The values are being worked out anew; the jobs say how far that is."))

    @admin.display(description=gettext_lazy("name"), ordering="label_zh")
    def label_of(self, field: CustomField) -> str:
        return field.label

    @admin.display(description=gettext_lazy("problem"))
    def problem(self, obj: Any) -> str:
        return graph().broken.get((obj.entity, f"custom.{obj.code}"), "") if obj.active else ""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        entity = registry.get(obj.entity if obj else request.GET.get("entity", ""))
        context["entity_name"] = entity.plural if entity else ""
        context["rolled_rows"] = getattr(context["adminform"].form, "rows", "")
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Formula)
class FormulaAdmin(ComputedAdmin):
    """Fields worked out by an expression."""

    form = FormulaForm
    computed = FORMULA
    fieldsets: Any = (
        (None, {"fields": (*NAMES, ("result", "decimals"), "expression")}),
        WHERE_IT_SHOWS,
    )

    def get_urls(self) -> list:
        own = [path("check/", self.admin_site.admin_view(self.check_it), name="customfields_formula_check")]
        return [*own, *super().get_urls()]

    def check_it(self, request: HttpRequest) -> HttpResponse:
        """What the posted expression gives for recent records, or what is wrong with it and where."""
        entity = registry.get(request.POST.get("entity", ""))
        if request.method != "POST" or entity is None or not hasattr(entity.model, "custom"):
            return HttpResponse(status=404)
        if not (self.has_view_permission(request) or request.user.has_perm("customfields.view_validationrule")):
            return HttpResponse(status=403)
        return render(request, "admin/customfields/computed/check.html", live_check(entity, request.POST, request.user))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        context["help"] = explained(obj.entity if obj else request.GET.get("entity", ""))
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=gettext_lazy("formula"))
    def said(self, field: CustomField) -> str:
        text = as_written(field.settings.get("expression", ""), field.entity)
        return text if len(text) <= 80 else text[:79] + "…"


@admin.register(RollUp)
class RollUpAdmin(ComputedAdmin):
    """Fields that count or add up linked rows."""

    form = RollUpForm
    computed = ROLLUP
    fieldsets: Any = (
        (None, {"fields": (*NAMES, ("function", "field", "decimals"), "where")}),
        WHERE_IT_SHOWS,
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.link = request.GET.get("link", "")
        return form

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First whose field it is, then which rows, then the rest."""
        entity = registry.get(request.GET.get("entity", ""))
        if entity is not None and self.has_add_permission(request):
            links = link_choices(entity.model)
            if request.GET.get("link") not in dict(links):
                title = _("Which rows of “%(entity)s” are counted?") % {"entity": entity.plural}
                context = self.admin_site.each_context(request) | {"title": title, "opts": self.opts}
                context |= {"links": links, "entity": entity}
                return render(request, "admin/customfields/computed/choose_rows.html", context)
        return super().add_view(request, form_url, extra_context)

    @admin.display(description=gettext_lazy("works out"))
    def said(self, field: CustomField) -> str:
        links = dict(link_choices(apps.get_model(field.entity)))
        link = field.settings.get("link", "")
        return f"{FUNCTIONS.get(field.settings.get('function', ''), '')} · {links.get(link, link)}"


@admin.register(ValidationRule)
class ValidationRuleAdmin(OfEntityAdmin):
    """Rules that records must keep, by entity."""

    form = ValidationRuleForm
    list_display = ("name", "of_entity", "said", "told", "active", "problem")
    search_fields = ("name", "message_zh", "message_en")
    fieldsets = (
        (None, {"fields": ("name", "expression", "where")}),
        (gettext_lazy("What is told"), {"fields": (("message_zh", "message_en"), "field")}),
        (gettext_lazy("When it is asked"), {"fields": ("on_create", "on_change", "always")}),
        (gettext_lazy("Order"), {"fields": (("position", "active"),)}),
    )
    change_form_template = "admin/customfields/computed/change_form.html"

    @admin.display(description=gettext_lazy("refuses while"))
    def said(self, rule: ValidationRule) -> str:
        entity = registry.get(rule.entity)
        if entity is None:
            return rule.expression
        parts = [as_written(rule.expression, rule.entity, rules=True)] if rule.expression else []
        if not checks_broken(rule) and rule.where:
            parts.append(in_words(bind(entity, self.reader), rule.where))
        return " · ".join(parts)

    @admin.display(description=gettext_lazy("What is told"))
    def told(self, rule: ValidationRule) -> str:
        return rule.message

    @admin.display(description=gettext_lazy("problem"))
    def problem(self, obj: Any) -> str:
        return checks_broken(obj) if obj.active else ""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        rule = kwargs.get("obj")
        entity = registry.get(rule.entity if rule else request.GET.get("entity", ""))
        if entity is not None:
            context |= {"entity_name": entity.plural, "help": explained(entity.label, rules=True), "rules": True}
        if rule is not None and entity is not None:
            context |= {"choices_url": entity.url("choices"), "tried": self._tried(request, rule, entity)}
        return super().render_change_form(request, context, *args, **kwargs)

    def _tried(self, request: HttpRequest, rule: ValidationRule, entity: Any) -> dict[str, Any] | None:
        raw = request.GET.get("record", "")
        if not (raw.isascii() and raw.isdigit() and len(raw) < 18):
            return None
        record = bind(entity, request.user).records().filter(pk=int(raw)).first()
        if record is None:
            return {"missing": True}
        if said := checks_broken(rule):
            return {"broken": said}
        return {"record": record, "refused": checks.try_out(rule, record, request.user), "message": rule.message}


def checks_broken(rule: ValidationRule) -> str:
    """Why a rule can't be asked; empty when it can."""
    return checks.checks_of(apps.get_model(rule.entity)).broken.get(rule.pk, "") if rule.active else ""


def own_page(request: HttpRequest, object_id: str) -> HttpResponse | None:
    """The page of a computed field, for who came to that of fields in general."""
    field = get_object_or_404(CustomField, pk=object_id)
    page = {FORMULA: "formula", ROLLUP: "rollup"}.get(field.kind)
    return redirect(reverse(f"admin:customfields_{page}_change", args=[field.pk])) if page else None
