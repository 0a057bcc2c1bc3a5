"""The calendar for other programs, and the page where a person makes and takes away its addresses."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.activities import feed, reminders
from crm.activities.lead_times import LeadTimesInput, LeadTimesWidget, offers
from crm.activities.models import CalendarFeed
from crm.activities.schedule import bound_for
from crm.lib.http import client_address
from crm.records.audit import audit

MOST = 10
# How often the moment of the last reading is written down.
NOTED = timedelta(minutes=10)


class CalendarForm(forms.Form):
    """How one wants to be reminded where an activity does not say."""

    remind = LeadTimesInput(
        label=gettext_lazy("Remind me of my activities"),
        help_text=gettext_lazy("Type a number for any other time; several are possible."),
        error_messages={"required": gettext_lazy("Choose times, or not at all.")},
        widget=LeadTimesWidget({"placeholder": ""}),
    )


@require_safe
def ics(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar file of whoever made the address; 404 for an address that is wrong or was taken away."""
    found = feed.feed_of(token)
    if found is None:
        raise Http404
    now = timezone.now()
    if found.used_at is None or found.used_at < now - NOTED:
        CalendarFeed.objects.filter(pk=found.pk).update(used_at=now)
    content = feed.calendar_of(found.user, now)
    mark = feed.etag_of(content)
    if mark in parse_etags(request.headers.get("If-None-Match", "")):
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="calendar.ics"'
    answer["ETag"], answer["Cache-Control"] = mark, "private, no-cache"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """One's addresses, and the usual time of reminders."""
    if not bound_for(request.user).can("view"):
        raise PermissionDenied
    form = CalendarForm(
        request.POST if request.method == "POST" else None, initial={"remind": reminders.usual_of(request.user)}
    )
    if request.method == "POST" and form.is_valid():
        request.user.prefer(reminders.PREFERENCE, form.cleaned_data["remind"])
        reminders.replan_for(request.user)
        messages.success(request, _("Your choice is kept."))
        return redirect("activities:calendar_settings")
    feeds = [(one, feed.address_of(one)) for one in request.user.calendar_feeds.all()]
    context = {"form": form, "feeds": feeds}
    return render(request, "activities/calendar_settings.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def lead_times(request: HttpRequest) -> JsonResponse:
    """Times before an activity, as a remote select asks for them while somebody types."""
    found = offers(request.GET.get("q", "")[:40])
    return JsonResponse({"results": [{"id": kept, "text": text} for kept, text in found], "more": False})


@login_required
@require_POST
def make_feed(request: HttpRequest) -> HttpResponseRedirect:
    """A new secret address."""
    if not bound_for(request.user).can("view"):
        raise PermissionDenied
    if request.user.calendar_feeds.count() >= MOST:
        messages.error(request, _("That are many addresses already: take one away first."))
        return redirect("activities:calendar_settings")
    name = " ".join(request.POST.get("name", "").replace("\x00", "").split())[:100] or _("My calendar")
    made = CalendarFeed.objects.create(user=request.user, name=name)
    audit(request.user, "calendar_address_made", address=client_address(request) or None, feed=made.pk)
    messages.success(request, _("The address is ready: copy it into your other calendar."))
    return redirect("activities:calendar_settings")


@login_required
@require_POST
def end_feed(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """The address leads nowhere from now on."""
    found = get_object_or_404(CalendarFeed, pk=pk, user=request.user)
    audit(request.user, "calendar_address_ended", address=client_address(request) or None, feed=found.pk)
    found.delete()
    messages.success(request, _("The address does not work any more."))
    return redirect("activities:calendar_settings")
