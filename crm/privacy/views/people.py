"""On the page of a person: consents noted by hand, holds released; masked values of any record."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import policy
from crm.entities.finding import seen_record
from crm.lib.http import client_address
from crm.privacy import consent, holds, masking, requests
from crm.privacy.models import Channel, ConsentPurpose
from crm.privacy.people import is_person
from crm.records.actor import Actor


class ConsentForm(forms.Form):
    """What somebody said, and what shows it."""

    purpose = forms.ModelChoiceField(ConsentPurpose.objects.filter(active=True), label=gettext_lazy("Purpose"))
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"), choices=Channel.choices, widget=forms.CheckboxSelectMultiple
    )
    granted = forms.TypedChoiceField(
        label=gettext_lazy("Answer"),
        choices=[("1", gettext_lazy("Agrees")), ("0", gettext_lazy("Withdraws"))],
        coerce=lambda value: value == "1",
    )
    source = forms.CharField(
        label=gettext_lazy("Where it was said"), max_length=100, help_text=gettext_lazy("On the phone, at the fair …")
    )
    proof = forms.CharField(
        label=gettext_lazy("Proof"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("What shows it: a form, a recording, a mail."),
    )


class UnmaskForm(forms.Form):
    """Which values, and why."""

    fields_ = forms.MultipleChoiceField(label=gettext_lazy("Which values"), widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        min_length=3,
        help_text=gettext_lazy("It stands in the audit log."),
    )


def _back(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else HttpResponseRedirect(url)


def _show(request: HttpRequest, name: str, status: int = 200, **context: Any) -> HttpResponse:
    kind = "dialog" if request.htmx and not request.htmx.boosted else "page"
    return render(request, f"privacy/{name}_{kind}.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Note what a person agreed to or withdrew."""
    bound, record = seen_record(request.user, label, pk)
    if not is_person(record) or not bound.can_record("change", record):
        raise PermissionDenied
    here = f"{bound.url('record', pk)}?tab=privacy"
    form = ConsentForm(
        request.POST or None,
        initial={"purpose": request.GET.get("purpose"), "channels": request.GET.getlist("channel")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            consent.note_consent(record, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The consents of %(name)s were noted.") % {"name": record})
            return _back(request, here)
    return _show(
        request, "consent", 422 if form.errors else 200, form=form, target=record, entity=bound, cancel_url=here
    )


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release a legal hold."""
    hold = get_object_or_404(holds.in_force(), pk=pk)
    bound, record = seen_record(request.user, hold.person_entity, hold.person_id)
    if not policy.can_record(request.user, record, requests.RIGHT):
        raise PermissionDenied
    holds.release_hold(hold, record, actor=Actor.of(request))
    return _back(request, f"{bound.url('record', record.pk)}?tab=privacy")


@login_required
@never_cache
@sensitive_variables("shown")
@require_http_methods(["GET", "HEAD", "POST"])
def unmask(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Ask for a reason, then show what is masked, once."""
    bound, record = seen_record(request.user, label, pk)
    if not bound.can_record(masking.UNMASK, record):
        raise PermissionDenied
    choices = [(f.name, str(f.label)) for f in masking.masked_fields(record, request.user)]
    form = UnmaskForm(request.POST or None)
    form.fields["fields_"].choices = choices
    shown: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            shown = masking.unmask(
                record,
                form.cleaned_data["fields_"],
                reason=form.cleaned_data["reason"],
                user=request.user,
                address=client_address(request),
            )
        except ValidationError as error:
            form.add_error(None, error)
    here = bound.url("record", pk)
    status = 422 if form.errors else 200
    return _show(request, "unmask", status, form=form, target=record, entity=bound, cancel_url=here, shown=shown)
