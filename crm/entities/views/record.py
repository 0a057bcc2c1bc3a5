"""The 360° page of a record: who and what matters, then timeline and tabs beside the facts."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from crm.customfields.tagging import tag_field
from crm.entities.arranged import facts_of, kept_on
from crm.entities.bound import BoundEntity
from crm.entities.entity import Action
from crm.entities.merged import present_ids
from crm.entities.panels import later_panel, panels_of, record_tabs
from crm.entities.tabs import counted, related_context, row_of, tabs_of
from crm.entities.timeline import Cursor, timeline
from crm.entities.views.base import EntityView
from crm.lib.http import client_address
from crm.records.audit import audit


class RecordView(EntityView):
    """The page, or with htmx the tab that was chosen: ``?tab=`` timeline, history, or the label of a related entity."""

    template = "record"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            record = self._load(pk)
        except Http404:
            return self._lead_on(pk)
        tab = request.GET.get("tab", "timeline")
        body = self._tab(record, tab)
        tabs = tabs_of(self.bound, record, tab)
        if request.htmx and not request.htmx.boosted:
            return self.page("tab", record=record, tab=tab, **row_of(tabs), **body)
        self._note(record)
        return self.page(record=record, tab=tab, **row_of(tabs), **head_of(self.bound, record), **body)

    def _load(self, pk: int) -> Model:
        names = [*self.bound.field_names, *self.bound.subtitle, "owner"]
        relations = {self.bound.field(name).relation for name in names} - {""}
        return self.get_record(pk, related=relations, past=True)

    def _lead_on(self, pk: int) -> HttpResponse:
        """The record that it was merged into, for who may see that one; 404 for everybody else."""
        there = present_ids(self.bound.label, [pk]).get(pk)
        if there is None or not self.bound.records().filter(pk=there).exists():
            raise Http404
        return redirect(self.bound.url("record", there))

    def _tab(self, record: Model, tab: str) -> dict[str, Any]:
        if tab in {"timeline", "history"}:
            cursor, group = Cursor.read(self.request.GET.get("before", "")), self.request.GET.get("group", "")
            page = timeline(self.bound, record, group=group, before=cursor, own=tab == "history")
            may = tab == "history" and self.bound.can_record("change", record)
            composer = panels(self.bound, record, "composer") if tab == "timeline" else []
            return {"page": page, "group": group, "may_undo": may, "composer": composer}
        for other in record_tabs(self.bound.label, record, self.bound.user):
            if other.name == tab:
                return {"panel": {"template": other.template, "context": other.context(record, self.bound.user) or {}}}
        context = related_context(self.bound, record, tab)
        if context is None:
            raise Http404
        return context

    def _note(self, record: Model) -> None:
        audit(
            self.request.user,
            "viewed",
            entity=self.bound.label,
            record_ids=[record.pk],
            address=client_address(self.request) or None,
        )


class TabsView(EntityView):
    """The row of tabs with the counts of what they hold: a second request, so that no page waits for a count."""

    template = "record"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        record = self.get_record(pk)
        tabs = counted(self.bound, record, tabs_of(self.bound, record, request.GET.get("tab", "timeline")))
        return self.page(template="tabs", record=record, **row_of(tabs))


class PanelView(EntityView):
    """A panel that the record page leaves a place for; empty where there is nothing to show."""

    template = "panel"

    def get(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        panel = later_panel(self.bound.label, name)
        if panel is None:
            raise Http404
        record = self.get_record(pk)
        context = panel.context(record, request.user)
        found = {"template": panel.template, "context": context} if context is not None else None
        return self.page(record=record, panel=found)


def head_of(bound: BoundEntity, record: Model) -> dict[str, Any]:
    """What the record page shows around its tabs."""
    actions = bound.actions_on(record)
    allowed = bound.allowed_on(record, {"change", "delete"})
    return {
        "may": allowed,
        "primary": [_verb(bound, record, a) for a in actions if a.primary],
        "verbs": [_verb(bound, record, a) for a in actions if not a.primary],
        "pills": [f for f in bound.visible((*bound.pills, *filter(None, [tag_field(bound.label)]))) if f.text(record)],
        "line": [f for f in bound.visible(bound.subtitle) if f.name not in bound.pills and f.text(record)],
        "owner": next(iter(bound.visible({"owner"} - set(bound.subtitle))), None),
        "figures": bound.entity.all_figures(record, bound.user),
        "extras": sorted((record.extras or {}).items()) if bound.readable_on(record, ["extras"]) else [],
        "facts": facts_of(bound, record),
        "inline": {f.name for f in bound.visible(bound.inline) if f.editable} - kept_on(bound, record)
        if "change" in allowed
        else set(),
        "head": panels(bound, record, "head"),
        "top": panels(bound, record, "top"),
        "side": panels(bound, record, "side"),
        "menu": panels(bound, record, "menu"),
    }


def _verb(bound: BoundEntity, record: Model, action: Action) -> dict[str, Any]:
    if action.page:
        url = action.page(bound.entity, [record.pk])
        return {"label": action.label, "url": url, "icon": action.icon, "primary": action.primary, "method": "get"}
    return {
        "label": action.label,
        "url": bound.url("action", record.pk, action.name),
        "icon": action.icon,
        "danger": action.danger,
        "primary": action.primary,
        "dialog": action.form is not None,
        "method": "" if action.form is not None else "post",
    }


def panels(bound: BoundEntity, record: Model, slot: str) -> list[dict[str, Any]]:
    """What other rooms show in a slot: their template and its context, as ``panel`` inside of it."""
    found = []
    for panel in panels_of(bound.label, slot):
        if panel.later is not None:
            if panel.later(record, bound.user):
                url = bound.url("panel", record.pk, panel.name)
                found.append({"template": "entities/panel_place.html", "context": {"url": url}})
            continue
        context = panel.context(record, bound.user)
        if context is not None:
            found.append({"template": panel.template, "context": context})
    return found
