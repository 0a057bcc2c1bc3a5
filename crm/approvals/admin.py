"""Approval processes in Django admin: the editor, the route for a chosen record, versions, and what runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.approvals import writing
from crm.approvals.admin_forms import SAID, ProcessForm
from crm.approvals.models import ApprovalInstance, ApprovalProcess, ProcessVersion
from crm.approvals.picture import planned
from crm.approvals.words import summary
from crm.entities.admin_filters import EntityFilter
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.records.actor import Actor
from crm.records.admin import ReadOnlyAdmin

SHOWN = 20


@admin.register(ApprovalProcess)
class ProcessAdmin(admin.ModelAdmin):
    """Processes by entity. What one says is written on its own page, under its settings."""

    form = ProcessForm
    list_display = ("name", "of_entity", "says", "principal", "position", "active", "under_way")
    list_filter = (EntityFilter, "active")
    list_select_related = ("principal", "current")
    search_fields = ("name", "principal__name")
    autocomplete_fields = ("principal",)
    change_form_template = "admin/approvals/process/change_form.html"

    def get_form(
        self, request: HttpRequest, obj: ApprovalProcess | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["fields"] = None
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def get_fieldsets(self, request: HttpRequest, obj: ApprovalProcess | None = None) -> Any:
        if obj is None or obj.entity not in registry:
            return [(None, {"fields": ("name", "entity", "principal", "position")})]
        return [
            (None, {"fields": ("name", "entity", ("active", "position"), "principal")}),
            (_("What it is for"), {"fields": (("by_hand", "verb"), "condition")}),
            (_("Who approves"), {"fields": ("nodes", "once", "by_mail")}),
            (_("What follows"), {"fields": ("approved", "rejected", "locks")}),
            (None, {"fields": ("note",)}),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalProcess]:
        running = Count("instances", filter=Q(instances__state__in=ApprovalInstance.OPEN))
        return super().get_queryset(request).annotate(running=running)

    def save_model(self, request: HttpRequest, obj: ApprovalProcess, form: Any, change: bool) -> None:
        active = obj.active
        obj.active = active and obj.current_id is not None
        super().save_model(request, obj, form, change)
        if not change or "nodes" not in form.fields:
            return
        said = form.said()
        if not said["nodes"]:
            return
        try:
            version = writing.save_version(obj, said, actor=Actor.of(request), note=form.cleaned_data.get("note") or "")
            writing.switch(obj, active)
        except ValidationError as error:
            # The principal may do less than who writes it.
            messages.error(request, _("What it says was not saved: %(error)s") % {"error": "; ".join(error.messages)})
            return
        if version is not None and version.number > 1:
            messages.info(
                request, _("Version %(number)s is in use; what runs keeps its own.") % {"number": version.number}
            )

    def response_add(self, request: HttpRequest, obj: ApprovalProcess, post_url_continue: Any = None) -> HttpResponse:
        """On to what it says."""
        return HttpResponseRedirect(reverse("admin:approvals_approvalprocess_change", args=[obj.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        process = (
            ApprovalProcess.objects.select_related("current").filter(pk=object_id).first()
            if object_id.isdecimal()
            else None
        )
        said = None
        if process is not None and process.current is not None and process.entity in registry:
            said = summary(bind(registry[process.entity], request.user), process.current)
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "said": said, "process": process}
        )

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/route/", wrap(self.route), name="approvals_process_route"),
            path("<int:pk>/versions/", wrap(self.versions), name="approvals_process_versions"),
            path("<int:pk>/versions/<int:number>/use/", wrap(self.use), name="approvals_process_use"),
        ]
        return [*own, *super().get_urls()]

    # Its other pages

    def _find(self, request: HttpRequest, pk: int, *, change: bool = False) -> ApprovalProcess:
        process = get_object_or_404(ApprovalProcess.objects.select_related("current", "principal"), pk=pk)
        allowed = self.has_change_permission if change else self.has_view_permission
        if not allowed(request, process):
            raise PermissionDenied
        return process

    def _page(self, request: HttpRequest, template: str, process: ApprovalProcess, **context: Any) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "process": process,
            "title": str(process),
            "may_change": self.has_change_permission(request, process),
        }
        return render(request, f"admin/approvals/process/{template}.html", shared | context)

    def route(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The route as it would be for a chosen record, as who looks may see records: ``?record=``."""
        process = self._find(request, pk)
        entity = registry.get(process.entity)
        found, stops = None, None
        asked = request.GET.get("record", "")
        rows = bind(entity, request.user).records("view") if entity is not None else None
        if rows is not None and asked.isascii() and asked.isdigit() and len(asked) < 19:
            found = rows.filter(pk=asked).first()
        if found is not None and process.current is not None:
            stops = planned(process.current, found, found.owner or request.user)
        latest = list(rows.order_by("-updated_at")[:SHOWN]) if rows is not None else []
        choices = entity.url("choices") if entity is not None else ""
        context = {"record": found, "stops": stops, "latest": latest, "choices": choices}
        return self._page(request, "route", process, **context)

    def versions(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All it ever said."""
        process = self._find(request, pk)
        bound = bind(registry[process.entity], request.user) if process.entity in registry else None
        every = process.versions.select_related("made_by").annotate(running=Count("pk"))
        running = dict(
            ApprovalInstance.objects.filter(process=process, state__in=ApprovalInstance.OPEN)
            .order_by()
            .values_list("version")
            .annotate(Count("pk"))
        )
        rows = [(one, summary(bound, one) if bound else None, running.get(one.pk, 0)) for one in every]
        return self._page(request, "versions", process, rows=rows)

    def use(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """An earlier version becomes the next one."""
        process = self._find(request, pk, change=True)
        old = get_object_or_404(ProcessVersion, process=process, number=number)
        if request.method == "POST":
            note = _("As in version %(number)s") % {"number": number}
            try:
                writing.save_version(
                    process, {name: getattr(old, name) for name in SAID}, actor=Actor.of(request), note=note
                )
                messages.success(request, _("Version %(number)s is in use again.") % {"number": number})
            except ValidationError as error:
                messages.error(request, "; ".join(error.messages))
        return HttpResponseRedirect(reverse("admin:approvals_process_versions", args=[pk]))

    # The list

    @admin.display(description=gettext_lazy("entity"), ordering="entity")
    def of_entity(self, process: ApprovalProcess) -> str:
        return registry[process.entity].plural if process.entity in registry else process.entity

    @admin.display(description=gettext_lazy("route"))
    def says(self, process: ApprovalProcess) -> str:
        if process.current is None:
            return "–"
        return " → ".join(node["name"] for node in process.current.nodes)

    @admin.display(description=gettext_lazy("under way"), ordering="running")
    def under_way(self, process: Any) -> int:
        return process.running


@admin.register(ApprovalInstance)
class InstanceAdmin(ReadOnlyAdmin):
    """Every request, to look at; it is decided where everybody decides."""

    list_display = ("title", "process", "requester", "state", "made_at", "ended_at")
    list_filter = ("state", "process", "made_at")
    list_select_related = ("process", "requester")
    search_fields = ("title", "requester__name", "process__name")
    show_full_result_count = False
