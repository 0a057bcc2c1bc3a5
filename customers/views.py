"""The pages of customers that are not generic: lines of the org chart, what is worked out about a record."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.entities.bound import BoundEntity
from crm.entities.finding import seen_record
from crm.entities.undoing import undo_url
from crm.records.actor import Actor
from crm.records.errors import Conflict
from customers.forms import LineForm
from customers.jobs import ask_website
from customers.models import Account
from customers.profile.advice import put_off
from customers.profile.insight import insight_of
from customers.structure.org import Chart, Place, chart_of, move_line
from customers.suggesting.proposals import accept, dismiss, proposals_of
from customers.suggesting.website import may_ask

PROFILED = frozenset({"customers.account", "customers.contact"})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def line(request: HttpRequest, account: int, contact: int) -> HttpResponse:
    """Let a person of the account report to somebody else: by dragging, or in a dialog with the same choice."""
    bound, company = seen_record(request.user, "customers.account", account)
    chart = chart_of(company, request.user)
    place = chart.place_of(contact)
    if place is None:
        raise Http404
    if not place.movable:
        raise PermissionDenied
    here = f"{bound.url('record', company.pk)}?tab=org"
    form = LineForm(request.POST or None, contact=place.contact, above=chart.above(contact))
    if request.method == "POST" and form.is_valid():
        try:
            return _move(request, form, place, company, here)
        except ValidationError as error:
            form.add_error("under", error)
        except Conflict:
            form.add_error(None, _("Somebody changed it meanwhile. Look at the chart again, then move the person."))
    if request.POST.get("drag") and form.errors:
        return _chart(request, company, chart, " ".join(sum(form.errors.values(), [])), "error", 409)
    name = "customers/line_dialog.html" if request.htmx else "customers/line_page.html"
    context = {"form": form, "contact": place.contact, "account": company, "entity": bound, "cancel_url": here}
    return render(request, name, context, status=422 if form.errors else 200)


def _move(request: HttpRequest, form: LineForm, place: Place, company: Account, here: str) -> HttpResponse:
    contact, superior = place.contact, form.superior
    if form.cleaned_data["version"]:
        contact.version = form.cleaned_data["version"]
    entry = move_line(contact, superior, actor=Actor.of(request))
    said = _("%(person)s reports to %(superior)s.") if superior else _("%(person)s stands at the top.")
    said %= {"person": contact, "superior": superior}
    if request.htmx:
        answer = _chart(request, company, chart_of(company, request.user), said, "", 200, undo_url(entry))
        answer["HX-Retarget"], answer["HX-Reswap"] = "#org", "outerHTML"
        return answer
    messages.success(request, said, extra_tags=f"undo={undo_url(entry)}" if entry else "")
    return HttpResponseRedirect(here)


def _chart(
    request: HttpRequest, company: Account, chart: Chart, said: str, level: str, status: int, undo: str = ""
) -> HttpResponse:
    """The chart as it stands now, with a toast."""
    answer = render(request, "customers/org_chart.html", {"chart": chart, "account": company}, status=status)
    toast = {"text": said, "undo_url": undo} | ({"level": level} if level else {})
    answer["HX-Trigger"] = json.dumps({"toast": toast, "close-dialog": ""})
    return answer


def profiled(request: HttpRequest, label: str, pk: int, action: str = "view") -> tuple[BoundEntity, Any]:
    """A record that has a profile; 404 for all others."""
    return seen_record(request.user, label, pk, action, among=PROFILED)


@login_required
@require_safe
def insight(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Next best step, risks, who decides, what is missing."""
    bound, record = profiled(request, label, pk)
    name = "customers/insight.html" if request.htmx else "customers/insight_page.html"
    return render(request, name, insight_of(bound, record, request.user))


@login_required
@require_POST
def later(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Put a piece of advice off."""
    bound, record = profiled(request, label, pk)
    try:
        put_off(record, request.POST.get("code", ""), request.user)
    except ValueError as error:
        raise Http404 from error
    if request.htmx:
        return render(request, "customers/insight.html", insight_of(bound, record, request.user))
    return HttpResponseRedirect(bound.url("record", record.pk))


@login_required
@require_POST
def suggestion(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Take one suggested value over, or turn it down; only what is suggested just now can be taken."""
    bound, record = profiled(request, label, pk, "change")
    wanted = (request.POST.get("field", ""), request.POST.get("value", ""))
    proposal = next((one for one in proposals_of(bound, record) if (one.field, one.raw) == wanted), None)
    if proposal is None:
        raise Http404
    if request.POST.get("do") != "accept":
        dismiss(bound, record, proposal, actor=Actor.of(request))
        return _insight_again(request, bound, record, _("Turned down: it is not suggested any more."), "")
    form = accept(bound, record, proposal, actor=Actor.of(request))
    if form.errors:
        said = " ".join(str(text) for errors in form.errors.values() for text in errors)
        return _insight_again(request, bound, record, said, "error")
    said = _("%(field)s: %(value)s") % {"field": proposal.label, "value": proposal.shown}
    messages.success(request, said, extra_tags=f"undo={undo_url(form.entry)}" if form.entry else "")
    here = bound.url("record", record.pk)
    return HttpResponse(status=204, headers={"HX-Redirect": here}) if request.htmx else HttpResponseRedirect(here)


@login_required
@require_POST
def read_website(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Let the website of an account be read for suggestions."""
    bound, record = profiled(request, label, pk, "change")
    if not may_ask() or not getattr(record, "website", "") or not bound.readable_on(record, ["website"]):
        raise Http404
    ask_website(record, request.user)
    return _insight_again(request, bound, record, _("The website is being read."), "")


def _insight_again(request: HttpRequest, bound: BoundEntity, record: Any, said: str, level: str) -> HttpResponse:
    if not request.htmx:
        (messages.error if level else messages.success)(request, said)
        return HttpResponseRedirect(bound.url("record", record.pk))
    fresh = bound.records().filter(pk=record.pk).first() or record
    answer = render(request, "customers/insight.html", insight_of(bound, fresh, request.user))
    answer["HX-Trigger"] = json.dumps({"toast": {"text": said} | ({"level": level} if level else {})})
    return answer
