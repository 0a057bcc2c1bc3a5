"""The pages of one rule in Django admin. Each gets the ModelAdmin, which knows who may do what."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.entities import effects
from crm.entities.bound import BoundEntity, bind
from crm.entities.builder import builder_fields
from crm.entities.entity import registry
from crm.records.actor import Actor
from crm.records.undo import undoable
from crm.workflows import editor, services
from crm.workflows.dryrun import dry_run
from crm.workflows.guard import chain
from crm.workflows.models import Rule, RuleRun, RuleVersion
from crm.workflows.tracing import readable
from crm.workflows.words import summary

SHOWN = 50
DAYS = (1, 7, 30, 90)


def page(admin: ModelAdmin, request: HttpRequest, template: str, rule: Rule, tab: str, **context: Any) -> HttpResponse:
    """A page of one rule, with its tabs."""
    status = context.pop("status", 200)
    shared = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "rule": rule,
        "tab": tab,
        "title": str(rule),
        "may_change": admin.has_change_permission(request, rule),
        "entity": registry.get(rule.entity),
    }
    return render(request, f"admin/workflows/rule/{template}.html", shared | context, status=status)


def find(admin: ModelAdmin, request: HttpRequest, pk: int, *, change: bool = False) -> Rule:
    """The rule, for who may see (or change) it."""
    rule = get_object_or_404(Rule.objects.select_related("current", "principal"), pk=pk)
    allowed = admin.has_change_permission if change else admin.has_view_permission
    if not allowed(request, rule):
        raise PermissionDenied
    return rule


def of_principal(rule: Rule) -> BoundEntity:
    """The rule's entity as its principal sees it."""
    if rule.entity not in registry:
        raise Http404
    return bind(registry[rule.entity], rule.principal)


# What it says


def edit(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The editor: settings, when, if, then."""
    rule = find(admin, request, pk, change=request.method == "POST")
    form_class = admin.get_form(request, rule, change=True)
    if request.method != "POST":
        said = rule.current or editor.Draft({"on": "created"})
        return _editor(admin, request, rule, form_class(instance=rule), said, of_principal(rule))
    form = form_class(request.POST, instance=rule)
    settled = form.is_valid()
    bound = of_principal(rule)
    try:
        draft = editor.read(bound, request.POST)
    except ValidationError as error:
        return _editor(admin, request, rule, form, rule.current or editor.Draft(), bound, error.messages)
    if not settled:
        return _editor(admin, request, rule, form, draft, bound, [])
    try:
        version = _save(request, form, draft)
    except ValidationError as error:
        return _editor(admin, request, rule, form, draft, bound, error.messages)
    admin.log_change(request, rule, _("Version %(number)s") % {"number": version.number} if version else _("Settings"))
    messages.success(request, _("“%(rule)s” was saved.") % {"rule": rule})
    return HttpResponseRedirect(reverse("admin:workflows_rule_change", args=[pk]))


@transaction.atomic
def _save(request: HttpRequest, form: Any, draft: editor.Draft) -> RuleVersion | None:
    rule = form.save()
    actor = Actor.of(request)
    version = services.save_version(
        rule,
        trigger=draft.trigger,
        condition=draft.condition,
        steps=draft.steps,
        actor=actor,
        note=request.POST.get("note", ""),
    )
    if request.POST.get("switch") == "on":
        services.switch(rule, True, actor=actor)
    return version


def _editor(
    admin: ModelAdmin,
    request: HttpRequest,
    rule: Rule,
    form: Any,
    said: Any,
    bound: BoundEntity,
    problems: list[str] | None = None,
) -> HttpResponse:
    return page(
        admin,
        request,
        "editor",
        rule,
        "edit",
        form=form,
        problems=problems,
        trigger=editor.trigger_view(bound, said.trigger),
        condition=editor.as_text(said.condition),
        fields=builder_fields(bound),
        steps=editor.steps_view(bound, said.steps),
        effects=effects.effects_for(bound.entity),
        said=summary(bind(bound.entity, request.user), rule.current) if rule.current else None,
        status=200 if problems is None and not form.errors else 422,
    )


def step(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """A new step for the editor."""
    rule = find(admin, request, pk)
    bound = of_principal(rule)
    empty = {
        "do": request.GET.get("do", ""),
        "for": request.GET.get("for", "time"),
        "effect": request.GET.get("effect", ""),
    }
    view = editor.step_view(bound, empty, _step_id(request))
    context = {"step": view, "rule": rule, "effects": effects.effects_for(bound.entity)}
    return render(request, "admin/workflows/rule/step.html", context)


def field(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The input of one more field that a step sets."""
    bound = of_principal(find(admin, request, pk))
    name = request.GET.get("name", "")
    if name not in dict(editor.settable(bound)):
        raise Http404
    step_id = _step_id(request)
    form = editor.bound_form(bound, effects.effect_of("set_fields", bound.entity), {name: ""}, step_id, fresh=False)
    form.is_bound = False
    return render(
        request, "admin/workflows/rule/param.html", {"field": form[name], "step": {"id": step_id}, "loose": True}
    )


def _step_id(request: HttpRequest) -> str:
    step_id = request.GET.get("id", "")
    if not step_id.isalnum() or len(step_id) > 40:
        raise Http404
    return step_id


def trigger(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The trigger's part of the editor, after another choice."""
    bound = of_principal(find(admin, request, pk))
    view = editor.trigger_view(bound, editor.read_trigger(request.GET))
    return render(request, "admin/workflows/rule/trigger.html", {"trigger": view})


# Whether it runs


def switch(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """On or off."""
    rule = find(admin, request, pk, change=True)
    if request.method == "POST":
        try:
            services.switch(rule, request.POST.get("active") == "1", actor=Actor.of(request))
            admin.log_change(request, rule, _("Switched on") if rule.active else _("Switched off"))
        except ValidationError as error:
            messages.error(request, "; ".join(error.messages))
    return HttpResponseRedirect(reverse("admin:workflows_rule_change", args=[pk]))


def seen(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody took note of the alarm."""
    rule = find(admin, request, pk, change=True)
    if request.method == "POST":
        Rule.objects.filter(pk=rule.pk).update(alarm="", alarm_at=None)
    return HttpResponseRedirect(reverse("admin:workflows_rule_change", args=[pk]))


# What it would do, and did


def try_out(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """What it would have done: as it stands, or as it is being written (posted by the editor)."""
    rule = find(admin, request, pk)
    said: Any = rule.current
    problems: list[str] = []
    if request.method == "POST":
        try:
            draft = editor.read(of_principal(rule), request.POST)
            said = editor.Draft(**services.check(rule, draft.trigger, draft.condition, draft.steps))
        except ValidationError as error:
            problems, said = error.messages, None
    asked = request.POST.get("days") or request.GET.get("days") or ""
    days = int(asked) if asked in {str(n) for n in DAYS} else 7
    result = dry_run(rule, said, days=days) if said is not None else None
    bound = bind(registry[rule.entity], request.user)
    reach = bound.reachable([t.record_id for t in result.fired[:SHOWN]], "view") if result else set()
    trials = (
        [(trial, readable(trial.lines, bound, whole=True), trial.record_id in reach) for trial in result.fired[:SHOWN]]
        if result
        else []
    )
    return page(
        admin,
        request,
        "dry_run",
        rule,
        "dry_run",
        result=result,
        trials=trials,
        days=days,
        choices=DAYS,
        draft=request.method == "POST",
        problems=problems,
        counts=[(RuleRun.State(state).label, number) for state, number in result.counts.items()] if result else [],
        said=summary(bound, said) if said is not None else None,
    )


def runs(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The traces of a rule, the latest first."""
    rule = find(admin, request, pk)
    found = RuleRun.objects.filter(rule=rule).select_related("version").order_by("-id")
    state = request.GET.get("state", "")
    if state in RuleRun.State.values:
        found = found.filter(state=state)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        found = found.filter(pk__lt=int(before))
    shown = list(found[: SHOWN + 1])
    return page(
        admin,
        request,
        "runs",
        rule,
        "runs",
        runs=shown[:SHOWN],
        after=shown[SHOWN - 1].pk if len(shown) > SHOWN else None,
        state=state,
        states=RuleRun.State.choices,
    )


def run(admin: ModelAdmin, request: HttpRequest, pk: int, run_pk: int) -> HttpResponse:
    """One trace: what set it off, what it found, what it did, what came of it."""
    rule = find(admin, request, pk)
    one = get_object_or_404(RuleRun.objects.select_related("rule", "version", "changes"), pk=run_pk, rule=rule)
    bound = bind(registry[rule.entity], request.user) if rule.entity in registry else None
    visible = bool(bound and bound.reachable([one.record_id], "view"))
    return page(
        admin,
        request,
        "run",
        rule,
        "runs",
        run=one,
        lines=readable(one.lines, bound, whole=True) if bound else [],
        record_url=bound.url("record", one.record_id) if bound and visible else "",
        chain=chain(one)[:-1],
        may_undo=_may_undo(one) and admin.has_change_permission(request, rule),
    )


def _may_undo(one: RuleRun) -> bool:
    if one.changes is None or one.changes.undone_at:
        return False
    return any(undoable(entry) for entry in one.changes.entries.filter(at__gte=one.changes.at)[:200])


def undo(admin: ModelAdmin, request: HttpRequest, pk: int, run_pk: int) -> HttpResponse:
    """Take back what one run did; what moved on since is listed."""
    rule = find(admin, request, pk, change=True)
    one = get_object_or_404(RuleRun, pk=run_pk, rule=rule)
    if request.method == "POST":
        done = services.undo_run(one, actor=Actor.of(request))
        messages.success(request, _("%(count)d records were put back.") % {"count": done.records})
        for entry, name in done.conflicts[:20]:
            told = {"record": entry.title, "field": name}
            messages.warning(request, _("%(record)s: %(field)s was changed since and stays as it is.") % told)
    return HttpResponseRedirect(reverse("admin:workflows_rule_run", args=[pk, run_pk]))


# Versions


def versions(admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """All it ever said; two of them side by side."""
    rule = find(admin, request, pk)
    bound = bind(registry[rule.entity], request.user) if rule.entity in registry else None
    every = list(rule.versions.select_related("made_by"))
    asked = [request.GET.get("left", ""), request.GET.get("right", "")]
    sides = [next((v for v in every if str(v.number) == number), None) for number in asked]
    compared = [(v, summary(bound, v)) for v in sides if v is not None] if bound else []
    return page(
        admin, request, "versions", rule, "versions", versions=every, compared=compared, left=asked[0], right=asked[1]
    )


def use_again(admin: ModelAdmin, request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """An earlier version becomes the next one."""
    rule = find(admin, request, pk, change=True)
    old = get_object_or_404(RuleVersion, rule=rule, number=number)
    if request.method == "POST":
        try:
            services.save_version(
                rule,
                trigger=old.trigger,
                condition=old.condition,
                steps=old.steps,
                actor=Actor.of(request),
                note=_("As in version %(number)s") % {"number": number},
            )
            messages.success(request, _("Version %(number)s is in use again.") % {"number": number})
        except ValidationError as error:
            messages.error(request, "; ".join(error.messages))
    return HttpResponseRedirect(reverse("admin:workflows_rule_versions", args=[pk]))
