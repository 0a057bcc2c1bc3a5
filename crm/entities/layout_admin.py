"""Layouts in Django admin: an overview of what is arranged for whom, and the editor with its preview and versions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _

from crm.access.models import Role
from crm.customfields import layouts
from crm.customfields.models import Layout, Surface
from crm.entities.arranged import title_of
from crm.entities.bound import bind
from crm.entities.entity import Entity, registry
from crm.entities.forms import entity_form
from crm.entities.layout_forms import Place, posted, present, problems, read_place, rows, variants
from crm.records.actor import Actor


@admin.register(Layout)
class LayoutAdmin(admin.ModelAdmin):
    """Layouts are arranged on a page of their own; rows are versions and never edited one by one."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        own = [
            path("arrange/", view(self.arrange), name="customfields_layout_arrange"),
            path("preview/", view(self.preview), name="customfields_layout_preview"),
        ]
        return [*own, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A row of the audit trail leads to the editor of what it is a version of."""
        layout = get_object_or_404(Layout, pk=object_id if object_id.isdigit() else 0)
        role = layout.role_id or ""
        query = f"entity={layout.entity}&surface={layout.surface}&role={role}&variant={layout.variant}"
        return redirect(f"{reverse('admin:customfields_layout_arrange')}?{query}")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return self._denied(request)
        current = Layout.objects.filter(current=True, content__isnull=False).select_related("role", "made_by")
        made: dict[str, list[Layout]] = {}
        for layout in current:
            made.setdefault(layout.entity, []).append(layout)
        entities = sorted((e for e in registry.values() if hasattr(e.model, "custom")), key=lambda e: e.plural)
        lines = [{"entity": e, "surfaces": surfaces_of(e), "made": made.get(e.label, [])} for e in entities]
        context = self.admin_site.each_context(request) | {"title": _("Layouts"), "lines": lines, "opts": self.opts}
        return render(request, "admin/customfields/layout/overview.html", context)

    def _denied(self, request: HttpRequest) -> HttpResponse:
        return redirect(reverse("admin:index"))

    def arrange(self, request: HttpRequest) -> HttpResponse:
        """GET shows the editor; POST saves, takes back, resets, copies or takes up an older version."""
        place = read_place(request.GET)
        if place is None:
            raise Http404
        if not self.has_change_permission(request):
            return self._denied(request)
        if request.method != "POST":
            return self._show(request, place, present(place))
        if request.POST.get("do", "save") == "save":
            parts = posted(place, request.POST)
            wrong = problems(place, parts)
            if wrong or request.POST.get("look"):
                return self._show(request, place, parts, wrong=wrong, status=422 if wrong else 200)
            layouts.arrange(place.entity.label, place.surface, parts, actor=Actor.of(request), **place.key)
            messages.success(request, _("The layout was saved. Everybody it is for has it from now on."))
        else:
            self._do(request, place)
        return redirect(f"{reverse('admin:customfields_layout_arrange')}?{place.query}")

    def _do(self, request: HttpRequest, place: Place) -> None:
        verb, _colon, value = request.POST["do"].partition(":")
        label, surface, actor = place.entity.label, place.surface, Actor.of(request)
        if verb == "reset":
            layouts.arrange(label, surface, None, actor=actor, **place.key)
            messages.success(
                request, _("The layout is the default again; what was arranged is kept among the versions.")
            )
        elif verb == "undo":
            layouts.undo(label, surface, actor=actor, **place.key)
            messages.success(request, _("The last change was taken back."))
        elif verb == "take" and value.isdigit():
            version = get_object_or_404(Layout, pk=int(value), entity=label, surface=surface, **place.key)
            layouts.take_up(version, actor=actor)
            messages.success(request, _("The version is in use again."))
        elif verb == "copy":
            raw = request.POST.get("to", "")
            role = get_object_or_404(Role, pk=int(raw)) if raw.isdigit() else None
            key = place.key | {"role": role.pk if role else None}
            layouts.arrange(label, surface, present(place), actor=actor, **key)
            messages.success(request, _("Copied for “%(role)s”.") % {"role": role or _("Everybody")})
        else:
            raise Http404

    def _show(
        self, request: HttpRequest, place: Place, parts: Any, *, wrong: Any = (), status: int = 200
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("%(entity)s: %(surface)s")
            % {"entity": place.entity.plural, "surface": Surface(place.surface).label},
            "opts": self.opts,
            "place": place,
            "wrong": wrong,
            "roles": Role.objects.all(),
            "variants": variants(place.entity) if place.surface != Surface.LIST else [],
            "surfaces": surfaces_of(place.entity),
            "versions": layouts.versions(place.entity.label, place.surface, **place.key),
            "preview_url": f"{reverse('admin:customfields_layout_preview')}?{place.query}",
            "shown": preview_of(place, parts, request.user),
            **rows(place, parts),
        }
        return render(request, "admin/customfields/layout/editor.html", context, status=status)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What was arranged so far as people will see it, in both widths."""
        place = read_place(request.GET)
        if place is None or not self.has_change_permission(request):
            raise Http404
        shown = preview_of(place, posted(place, request.POST), request.user)
        return render(request, "admin/customfields/layout/preview.html", {"shown": shown, "place": place})


def surfaces_of(entity: Entity) -> list[tuple[str, Any]]:
    """(value, name) of what can be arranged of the entity."""
    return [(value, name) for value, name in Surface.choices if value != Surface.CARD or entity.board is not None]


def preview_of(place: Place, parts: Any, user: Any) -> list[dict[str, Any]]:
    """The sections with the inputs of the form, or with the values of the newest record that the administrator sees."""
    bound = bind(place.entity, user)
    if place.is_form:
        form = entity_form(bound, instance=place.entity.fresh(user, {}))
        inputs = {name: form[name] for name in form.fields if name != "version"}
        return [
            {"part": p, "title": title_of(p), "inputs": [inputs[n] for n in p.fields if n in inputs]} for p in parts
        ]
    record = bound.records().order_by("-pk").first()
    found = []
    for part in parts:
        fields = bound.visible(part.fields)
        if record is not None:
            bound.preload(fields, [record])
        facts = [(field, record) for field in fields]
        found.append({"part": part, "title": title_of(part), "facts": facts})
    return found
