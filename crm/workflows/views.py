"""The automation page of a record: which rules looked at it, why they did something or not, and which can be set off by hand."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.entities.finding import seen_record
from crm.records.actor import Actor
from crm.workflows import services
from crm.workflows.engine import advance_one
from crm.workflows.models import Rule, RuleRun
from crm.workflows.tracing import readable
from crm.workflows.words import trigger_words

SHOWN = 30


@login_required
def automation(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Every trace of the record, and the rules that have none."""
    bound, record = seen_record(request.user, label, pk)
    whole = request.user.has_perm("workflows.view_rule")
    runs = RuleRun.objects.filter(entity=label, record_id=pk).select_related("rule", "version").order_by("-id")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        runs = runs.filter(pk__lt=int(before))
    shown = list(runs[: SHOWN + 1])
    active = list(Rule.objects.filter(entity=label, active=True).select_related("current").order_by("position", "pk"))
    seen = set(RuleRun.objects.filter(entity=label, record_id=pk).values_list("rule_id", flat=True).distinct())
    by_hand = [rule for rule in active if rule.current.trigger["on"] == "hand"]
    context = {
        "entity": bound.entity,
        "record": record,
        "whole": whole,
        "runs": [(run, readable(run.lines, bound, whole=whole)) for run in shown[:SHOWN]],
        "after": shown[SHOWN - 1].pk if len(shown) > SHOWN else None,
        "never": [
            (rule, trigger_words(bound, rule.current.trigger))
            for rule in active
            if rule.pk not in seen and rule not in by_hand
        ],
        "by_hand": by_hand if bound.can_record("change", record) else [],
    }
    return render(request, "workflows/automation.html", context)


@login_required
@require_POST
def run_now(request: HttpRequest, label: str, pk: int, rule_pk: int) -> HttpResponse:
    """Set a rule off by hand, and do at once what it does at once."""
    _bound, record = seen_record(request.user, label, pk)
    rule = get_object_or_404(Rule.objects.select_related("current", "principal"), pk=rule_pk, entity=label)
    try:
        run = services.run_by_hand(rule, record, actor=Actor.of(request))
    except ValidationError as error:
        messages.error(request, "; ".join(error.messages))
    else:
        advance_one(run.pk)
        run.refresh_from_db()
        told = {"rule": rule, "state": run.get_state_display()}
        messages.success(request, _("“%(rule)s”: %(state)s") % told)
    return HttpResponseRedirect(reverse("workflows:automation", args=[label, pk]))
