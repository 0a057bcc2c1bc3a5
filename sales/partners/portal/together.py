"""The pages of what a partner and we do together: feedback, joint business, documents."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.files.views import hand_out
from crm.records.errors import Conflict
from sales.partners.coops import agree_coop, propose_coop
from sales.partners.feedback import give_feedback
from sales.partners.models import CoopOpportunity, PartnerFeedback, PartnerPerson
from sales.partners.portal import forms, reach
from sales.partners.portal.guard import actor_of, portal_page
from sales.partners.portal.views import MOST, both, page


@portal_page
@both
def feedback(request: HttpRequest, person: PartnerPerson) -> HttpResponse:
    """What the partner told us, what we answered, and the form for more."""
    form = forms.FeedbackForm(request.POST or None)
    if form.is_bound and form.is_valid():
        said = PartnerFeedback(partner=person.partner, owner=person.partner.owner, **form.cleaned_data)
        give_feedback(said, actor=actor_of(person), person=person)
        messages.success(request, _("Thank you. You will hear from us."))
        return redirect("partner_portal:feedback")
    rows = list(reach.feedback_of(person)[:MOST])
    context = {"person": person, "rows": rows, "more": len(rows) == MOST, "form": form, "tab": "feedback"}
    return page(request, "feedback", context, status=422 if form.is_bound else 200)


@portal_page
@both
def coops(request: HttpRequest, person: PartnerPerson) -> HttpResponse:
    """Joint business that is shown to the partner, and the form to propose some."""
    form = forms.CoopForm(request.POST or None)
    if form.is_bound and form.is_valid():
        made = propose_coop(CoopOpportunity(**form.cleaned_data), actor=actor_of(person), person=person)
        messages.success(request, _("Thank you. You will hear from us."))
        return redirect("partner_portal:coop", pk=made.pk)
    rows = list(reach.coops_of(person)[:MOST])
    context = {"person": person, "rows": rows, "more": len(rows) == MOST, "form": form, "tab": "coops"}
    return page(request, "coops", context, status=422 if form.is_bound else 200)


@portal_page
@both
def coop(request: HttpRequest, person: PartnerPerson, pk: int) -> HttpResponse:
    """One of them; what we proposed can be agreed to."""
    found = get_object_or_404(reach.coops_of(person), pk=pk)
    if request.method == "POST":
        try:
            agree_coop(found, actor=actor_of(person), person=person)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except Conflict:
            messages.error(request, _("That does not fit its state any more. Load the page again."))
        else:
            messages.success(request, _("Thank you, that was noted."))
        return redirect("partner_portal:coop", pk=pk)
    may_agree = found.state == CoopOpportunity.State.PROPOSED and found.proposed_by_id is None
    return page(request, "coop", {"person": person, "coop": found, "may_agree": may_agree, "tab": "coops"})


@portal_page
@require_safe
def documents(request: HttpRequest, person: PartnerPerson) -> HttpResponse:
    """What we published for the partner."""
    return page(request, "documents", {"person": person, "rows": reach.documents_of(person), "tab": "documents"})


@portal_page
@require_safe
def document(request: HttpRequest, person: PartnerPerson, pk: int, file: int) -> FileResponse:
    """The present version of a file, to whom it is published; who took it stands in the audit log."""
    found = reach.file_of(person, pk, file)
    if found is None:
        raise Http404
    version = get_object_or_404(found[1].versions, number=found[1].number)
    return hand_out(request, found[1], version, document=pk, person=person.pk, partner=person.partner_id)
