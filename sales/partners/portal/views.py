"""The pages of the partner portal."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.records.errors import Conflict
from sales.partners import forwarding, registering
from sales.partners.links import person_of_token
from sales.partners.models import DealRegistration, LeadForward, PartnerPerson
from sales.partners.people import invite_colleague, send_reset
from sales.partners.portal import forms, guard, reach
from sales.partners.portal.guard import actor_of, closed, portal_page

both = require_http_methods(["GET", "HEAD", "POST"])
LONGEST = 500
MOST = 200
DONE = {"accept": LeadForward.State.ACCEPTED}


@both
def sign_in(request: HttpRequest) -> HttpResponse:
    """E-mail and password; whoever is signed in goes on."""
    if guard.person_of(request) is not None:
        return redirect("partner_portal:home")
    form = forms.SignInForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            if guard.sign_in(request, form.cleaned_data["email"], form.cleaned_data["password"]) is not None:
                return redirect("partner_portal:home")
            form.add_error(None, _("E-mail and password do not fit together."))
        except guard.LockedOut as error:
            form.add_error(None, error)
            status = 429
    return page(request, "sign_in", {"form": form}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """The session ends."""
    request.session.flush()
    return redirect("partner_portal:sign_in")


@both
def forgotten(request: HttpRequest) -> HttpResponse:
    """A new link by mail; the answer is the same whether there is such a person."""
    form = forms.EmailForm(request.POST or None)
    if form.is_bound and form.is_valid():
        send_reset(form.cleaned_data["email"])
        return page(request, "forgotten", {"sent": True})
    return page(request, "forgotten", {"form": form}, status=422 if form.is_bound else 200)


@both
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by the link of an invitation. Looking at it uses nothing up."""
    person = person_of_token(token[:LONGEST])
    if person is None:
        return page(request, "welcome", {"gone": True}, status=404)
    form = forms.PasswordForm(request.POST or None)
    if form.is_bound and form.is_valid():
        if not guard.set_password(person, form.cleaned_data["password"]):
            return page(request, "welcome", {"gone": True}, status=404)
        person.credential.refresh_from_db()
        guard.begin(request, person)
        return redirect("partner_portal:home")
    return page(request, "welcome", {"form": form, "someone": person}, status=422 if form.is_bound else 200)


@portal_page
@require_http_methods(["GET", "HEAD"])
def home(request: HttpRequest, person: PartnerPerson) -> HttpResponse:
    """What was forwarded to the partner, what waits for an answer first."""
    rows = list(reach.forwards_of(person)[:MOST])
    told = [{"forward": row, "title": reach.title_of(row)} for row in rows]
    waiting = [line for line in told if line["forward"].state == LeadForward.State.SENT]
    others = [line for line in told if line["forward"].state != LeadForward.State.SENT]
    context = {"person": person, "waiting": waiting, "others": others, "more": len(rows) == MOST, "tab": "leads"}
    return page(request, "home", context)


@portal_page
@both
def lead(request: HttpRequest, person: PartnerPerson, pk: int) -> HttpResponse:
    """One forwarded lead: answer it, then report on it."""
    form, verb = None, request.POST.get("verb", "")
    if verb == "decline" and reach.declined_by(person, pk):
        return redirect("partner_portal:home")  # pressed twice: it was noted the first time
    forward = get_object_or_404(reach.forwards_of(person), pk=pk)
    if request.method == "POST":
        form = _form_of(forward, verb, request.POST)
        if form is None and DONE.get(verb) == forward.state:
            return redirect("partner_portal:lead", pk=pk)  # pressed twice: it was noted the first time
        if form is None:
            messages.error(request, _("That does not fit its state any more. Load the page again."))
            return redirect("partner_portal:lead", pk=pk)
        if form.is_valid() and _done(forward, verb, form, person):
            messages.success(request, _("Thank you, that was noted."))
            return redirect("partner_portal:lead" if verb != "decline" else "partner_portal:home", *_args(verb, pk))
    context = {
        "person": person,
        "forward": forward,
        "title": reach.title_of(forward),
        "facts": reach.facts_of(forward),
        "reports": forward.reports.filter(deleted_at__isnull=True)
        .select_related("reported_by")
        .order_by("-created_at"),
        "form": form or _form_of(forward, "report" if forward.state == "accepted" else "accept", None),
        "tab": "leads",
    }
    return page(request, "lead", context, status=422 if form is not None else 200)


def _args(verb: str, pk: int) -> list[int]:
    return [] if verb == "decline" else [pk]


def _form_of(forward: LeadForward, verb: str, data: Any) -> Any:
    """The form of the verb, where it fits the state."""
    if verb in {"accept", "decline"} and forward.state == LeadForward.State.SENT:
        return forms.AnswerForm(data)
    if verb == "report" and forward.state == LeadForward.State.ACCEPTED:
        return forms.ReportForm(data)
    return None


def _done(forward: LeadForward, verb: str, form: Any, person: PartnerPerson) -> bool:
    """Do it; what stands against it is said on the form."""
    run = {
        "accept": forwarding.accept_forward,
        "decline": forwarding.decline_forward,
        "report": forwarding.report_progress,
    }[verb]
    try:
        run(forward, actor=actor_of(person), person=person, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error.messages)
    except Conflict:
        form.add_error(None, _("That does not fit its state any more. Load the page again."))
    return not form.errors


@portal_page
@both
def registrations(request: HttpRequest, person: PartnerPerson) -> HttpResponse:
    """The deals that the partner registered, and the form for one more."""
    form = forms.RegistrationForm(request.POST or None)
    if form.is_bound and form.is_valid():
        deal = DealRegistration(partner=person.partner, owner=person.partner.owner, **form.cleaned_data)
        try:
            registering.register_deal(deal, actor=actor_of(person), person=person)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("Thank you. You will hear from us."))
            return redirect("partner_portal:registrations")
    rows = list(reach.registrations_of(person)[:MOST])
    context = {"person": person, "rows": rows, "more": len(rows) == MOST, "form": form, "tab": "registrations"}
    return page(request, "registrations", context, status=422 if form.is_bound else 200)


@portal_page
@both
def people(request: HttpRequest, person: PartnerPerson) -> HttpResponse:
    """Who signs in for the partner; who may, invites colleagues."""
    form = None
    if person.is_admin:
        form = forms.ColleagueForm(request.POST or None)
        if form.is_bound and form.is_valid():
            try:
                invite_colleague(person.partner, **form.cleaned_data, actor=actor_of(person))
            except ValidationError as error:
                form.add_error(None, error.messages)
            else:
                messages.success(request, _("The invitation is on its way."))
                return redirect("partner_portal:people")
    elif request.method == "POST":
        return closed(HttpResponse(status=403))
    context = {"person": person, "people": reach.colleagues_of(person), "form": form, "tab": "people"}
    return page(request, "people", context, status=422 if form is not None and form.is_bound else 200)


def page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the portal."""
    return closed(render(request, f"partners/portal/{name}.html", context, status=status))
