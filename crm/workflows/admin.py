"""Automation rules in Django admin: the list with its alarms, and the pages of one rule."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.admin_filters import EntityFilter
from crm.entities.admin_reader import ReaderAdmin
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.records.actor import Actor
from crm.workflows import hooks_admin as _webhooks  # noqa: F401 - found by Django here
from crm.workflows import pages, services
from crm.workflows.forms import RuleForm
from crm.workflows.models import Rule, RuleRun
from crm.workflows.words import trigger_words

State = RuleRun.State


@admin.register(Rule)
class RuleAdmin(ReaderAdmin):
    """Rules by entity, in their order. What a rule says is written on its own page."""

    form = RuleForm
    list_display = ("name", "of_entity", "says", "principal", "position", "running", "last_fired", "shown_alarm")
    list_filter = (EntityFilter, "active")
    list_select_related = ("principal", "current")
    search_fields = ("name", "principal__name")
    autocomplete_fields = ("principal",)
    actions = ("switch_on", "switch_off")
    change_list_template = "admin/workflows/rule/change_list.html"

    def get_form(self, request: HttpRequest, obj: Rule | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        done = RuleRun.objects.filter(rule=OuterRef("pk"), state__in=[State.DONE, State.WAITING]).order_by("-id")
        return super().get_queryset(request).annotate(fired_at=Subquery(done.values("made_at")[:1]))

    def response_add(self, request: HttpRequest, obj: Rule, post_url_continue: Any = None) -> HttpResponse:
        """On to what it says."""
        return HttpResponseRedirect(reverse("admin:workflows_rule_change", args=[obj.pk]))

    def get_urls(self) -> list:
        def page(route: str, view: Any, name: str) -> Any:
            def shown(request: HttpRequest, **kwargs: Any) -> HttpResponse:
                return view(self, request, **kwargs)

            return path(f"<int:pk>/{route}", self.admin_site.admin_view(shown), name=f"workflows_rule_{name}")

        own = [
            page("change/", pages.edit, "change"),
            page("step/", pages.step, "step"),
            page("field/", pages.field, "field"),
            page("trigger/", pages.trigger, "trigger"),
            page("switch/", pages.switch, "switch"),
            page("seen/", pages.seen, "seen"),
            page("dry-run/", pages.try_out, "dry_run"),
            page("runs/", pages.runs, "runs"),
            page("runs/<int:run_pk>/", pages.run, "run"),
            page("runs/<int:run_pk>/undo/", pages.undo, "undo"),
            page("versions/", pages.versions, "versions"),
            page("versions/<int:number>/use/", pages.use_again, "use"),
        ]
        return [*own, *super().get_urls()]

    # The list

    @admin.display(description=gettext_lazy("entity"), ordering="entity")
    def of_entity(self, rule: Rule) -> str:
        return registry[rule.entity].plural if rule.entity in registry else rule.entity

    @admin.display(description=gettext_lazy("what sets it off"))
    def says(self, rule: Rule) -> str:
        if rule.current is None or rule.entity not in registry:
            return "–"
        return trigger_words(bind(registry[rule.entity], self.reader), rule.current.trigger)

    @admin.display(description=gettext_lazy("active"), boolean=True, ordering="active")
    def running(self, rule: Rule) -> bool:
        return rule.active

    @admin.display(description=gettext_lazy("last acted"), ordering="fired_at")
    def last_fired(self, rule: Rule) -> Any:
        return rule.fired_at

    @admin.display(description=gettext_lazy("alarm"), ordering="alarm_at")
    def shown_alarm(self, rule: Rule) -> str:
        return render_to_string("admin/workflows/rule/alarm_cell.html", {"rule": rule}) if rule.alarm else ""

    @admin.action(description=gettext_lazy("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._switch(request, queryset, True)

    @admin.action(description=gettext_lazy("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Rule], active: bool) -> None:
        for rule in queryset:
            try:
                services.switch(rule, active, actor=Actor.of(request))
            except ValidationError as error:
                told = {"rule": rule, "error": "; ".join(error.messages)}
                messages.error(request, _("“%(rule)s” was not switched on: %(error)s") % told)
