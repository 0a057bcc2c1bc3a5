"""Putting a reminder off: it comes again later."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm.activities import reminders
from crm.activities.models import Task
from crm.lib.looks import exact_time
from crm.notifications.models import Notification
from crm.notifications.presenting import present
from crm.notifications.registry import kinds
from crm.notifications.services import mark_read

MORNING = time(9)
# What one may choose: minutes from now, or the next morning.
LATER = (
    ("10", gettext_lazy("In 10 minutes")),
    ("60", gettext_lazy("In 1 hour")),
    ("180", gettext_lazy("In 3 hours")),
    ("tomorrow", gettext_lazy("Tomorrow morning")),
)


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Remind me of it again: ``in`` is one of ``LATER``. Having put it off one has read it."""
    row = get_object_or_404(Notification, pk=pk, user=request.user, in_app=True)
    kind = kinds.get(row.kind)
    task = Task.objects.restrict(request.user).filter(pk=row.record_id).first() if kind and kind.again else None
    if task is None:
        raise Http404
    at = _moment(request.POST.get("in", ""))
    if at is None or not task.is_open:
        return HttpResponse(_("There is nothing left to be reminded of."), status=422, content_type="text/plain")
    reminders.snooze(task, request.user, at)
    mark_read(request.user, [row.pk])
    if not request.htmx:
        messages.success(request, _("You will be reminded again: %(at)s.") % {"at": exact_time(at)})
        return redirect("notifications:inbox")
    row.refresh_from_db()
    context = {"line": present([row], request.user)[0], "again_at": at}
    answer = render(request, "notifications/line.html", context)
    answer["HX-Trigger"] = "notifications"
    return answer


def _moment(asked: str) -> datetime | None:
    now = timezone.now()
    if asked not in dict(LATER):
        return None
    if asked == "tomorrow":
        return timezone.make_aware(datetime.combine(timezone.localdate(now) + timedelta(days=1), MORNING))
    return now + timedelta(minutes=int(asked))
