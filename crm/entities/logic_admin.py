"""Dynamic rules and dependent choices in Django admin: in words, in order, tried out on a record."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields.layouts import forget
from crm.customfields.models import Cascade, LogicRule
from crm.entities.admin_filters import EntityFilter
from crm.entities.admin_reader import ReaderAdmin
from crm.entities.entity import registry
from crm.entities.logic_forms import CascadeForm, LogicRuleForm, matrix_of, posted_matrix
from crm.entities.logic_words import bound_to, cascade_words, in_words, try_out, why_broken
from crm.records.actor import Actor
from crm.records.audit import audit


class OfEntityAdmin(ReaderAdmin):
    """What is kept for one entity: chosen first, forgotten by every process when it changes, told in the audit log."""

    list_filter = (EntityFilter, "active")
    kind = ""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user, form.entity_label = request.user, request.GET.get("entity", "")
        return form

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if request.GET.get("entity") not in registry and self.has_add_permission(request):
            entities = sorted((e for e in registry.values() if hasattr(e.model, "custom")), key=lambda e: e.plural)
            title = _("Add %(name)s") % {"name": self.opts.verbose_name}
            context = self.admin_site.each_context(request) | {"entities": entities, "title": title, "opts": self.opts}
            return render(request, "admin/customfields/choose_entity.html", context)
        return super().add_view(request, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._told(request, obj, "changed" if change else "added")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._told(request, obj, "deleted")
        super().delete_model(request, obj)
        forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _told(self, request: HttpRequest, obj: Any, what: str) -> None:
        audit(Actor.of(request).user, f"{self.opts.model_name}_{what}", entity=obj.entity, what=str(obj))
        forget()

    @admin.display(description=gettext_lazy("entity"), ordering="entity")
    def of_entity(self, obj: Any) -> str:
        return registry[obj.entity].plural if obj.entity in registry else obj.entity

    @admin.display(description=gettext_lazy("problem"))
    def problem(self, obj: Any) -> str:
        return why_broken(self.kind, obj) if obj.active else ""


@admin.register(LogicRule)
class LogicRuleAdmin(OfEntityAdmin):
    """Rules by entity, in their order."""

    form = LogicRuleForm
    kind = "rule"
    list_display = ("said", "of_entity", "position", "active", "problem")
    list_editable = ("position", "active")
    fieldsets = (
        (None, {"fields": ("target", "effect", "chosen", "value", "clear")}),
        (gettext_lazy("When it holds"), {"fields": ("where",)}),
        (gettext_lazy("What is told"), {"fields": (("message_zh", "message_en"),)}),
        (gettext_lazy("Order"), {"fields": (("position", "active"),)}),
    )
    change_form_template = "admin/customfields/logicrule/change_form.html"

    @admin.display(description=gettext_lazy("rule"))
    def said(self, rule: LogicRule) -> str:
        return in_words(rule, self.reader)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        rule = kwargs.get("obj") or context.get("original")
        entity = registry.get(rule.entity if rule else request.GET.get("entity", ""))
        context["entity_name"] = entity.plural if entity else ""
        if rule is not None and entity is not None:
            context |= {"said": in_words(rule, request.user), "choices_url": entity.url("choices")}
            context["tried"] = self._tried(request, rule)
        return super().render_change_form(request, context, *args, **kwargs)

    def _tried(self, request: HttpRequest, rule: LogicRule) -> dict[str, Any] | None:
        raw, bound = request.GET.get("record", ""), bound_to(rule, request.user)
        if not (raw.isascii() and raw.isdigit() and len(raw) < 18 and bound):
            return None
        record = bound.records().filter(pk=int(raw)).first()
        return {"missing": True} if record is None else try_out(rule, record, request.user)


@admin.register(Cascade)
class CascadeAdmin(OfEntityAdmin):
    """Choices that hang on choices, with their matrix."""

    form = CascadeForm
    kind = "cascade"
    list_display = ("said", "of_entity", "active", "problem")
    list_editable = ("active",)
    change_form_template = "admin/customfields/cascade/change_form.html"

    @admin.display(description=gettext_lazy("dependent choice"))
    def said(self, cascade: Cascade) -> str:
        return cascade_words(cascade)

    def get_urls(self) -> list:
        own = [
            path("<int:pk>/matrix/", self.admin_site.admin_view(self.matrix), name="customfields_cascade_matrix"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        cascade = context.get("original")
        if cascade is not None:
            context |= {"matrix": matrix_of(cascade), "said": cascade_words(cascade)}
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Cascade, post_url_continue: Any = None) -> HttpResponse:
        """On to the matrix."""
        return redirect(reverse("admin:customfields_cascade_change", args=[obj.pk]))

    def matrix(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep the ticks of the matrix."""
        cascade = get_object_or_404(Cascade, pk=pk)
        if request.method == "POST" and self.has_change_permission(request, cascade):
            cascade.matrix = posted_matrix(cascade, request.POST)
            cascade.save(update_fields=["matrix"])
            self._told(request, cascade, "changed")
            messages.success(request, _("The matrix was saved."))
        return redirect(reverse("admin:customfields_cascade_change", args=[pk]))
