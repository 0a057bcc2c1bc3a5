"""The calendar: a page that is an agenda by itself and a calendar with its script, what it asks, and moving by hand."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm.access import policy
from crm.activities import repeating, schedule
from crm.activities.models import Task
from crm.activities.schedule import LABEL, bound_for
from crm.entities.undoing import done_since, undo_url
from crm.fields.periods import days_of
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.users.models import Team, User

VIEWS = (
    ("day", pgettext_lazy("calendar", "Day")),
    ("week", pgettext_lazy("calendar", "Week")),
    ("month", pgettext_lazy("calendar", "Month")),
    ("agenda", pgettext_lazy("calendar", "Agenda")),
    ("team", pgettext_lazy("calendar", "Team")),
)
# A calendar of FullCalendar asks for six weeks at most.
LONGEST = timedelta(days=45)
TEAM = 40


@login_required
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """``?view=``, ``?day=`` and ``?who=``: a person, or ``team-<id>``; without it one's own."""
    bound = _bound(request)
    view = request.GET.get("view", "week")
    view = view if view in dict(VIEWS) else "week"
    day = _day(request.GET.get("day", "")) or timezone.localdate()
    people, who = _who(request, wide=view == "team")
    first, last = span_of(view, day)
    context: dict[str, Any] = {
        "view": view,
        "views": VIEWS,
        "day": day,
        "first": first,
        "last": last,
        "earlier": _step(view, day, -1),
        "later": _step(view, day, 1),
        "today": timezone.localdate(),
        "who": who,
        "person": people[0] if len(people) == 1 else None,
        "colleagues": schedule.colleagues(request.user),
        "teams": [(f"team-{team.pk}", team) for team in schedule.teams(request.user)],
        "may_add": bound.can("add"),
        "entity": bound,
    }
    if view == "team":
        context["rows"] = schedule.team_week(request.user, people, first)
        context["days"] = [first + timedelta(days=n) for n in range(7)]
    else:
        context["agenda"] = schedule.agenda(request.user, [p.pk for p in people], first, last)
    return render(request, "activities/calendar.html", context)


@login_required
@require_safe
def events(request: HttpRequest) -> JsonResponse:
    """What stands between ``?start=`` and ``?end=`` for ``?who=``, in the reader's local time."""
    _bound(request)
    start, end = _moment(request.GET.get("start", "")), _moment(request.GET.get("end", ""))
    if start is None or end is None or not timedelta() < end - start <= LONGEST:
        return JsonResponse({"error": _("Ask for six weeks at most.")}, status=422)
    people, _who_is = _who(request)
    ids = [person.pk for person in people]
    found = [event_of(item) for item in schedule.items(request.user, ids, start, end)]
    names = {person.pk: str(person) for person in people}
    for person, spans in schedule.busy(request.user, ids, start, end).items():
        title = _("Busy") if len(people) == 1 else _("Busy: %(name)s") % {"name": names[person]}
        found += [_busy(title, one) for one in spans]
    return JsonResponse(found, safe=False, json_dumps_params={"ensure_ascii": False, "separators": (",", ":")})


def event_of(item: schedule.Item) -> dict[str, Any]:
    """One activity as the script of the calendar reads it, without what is empty; its addresses follow from its id."""
    task = item.task
    told = {
        "id": str(task.pk),
        "title": item.title,
        "start": _local(item.start, whole=task.all_day),
        "end": _local(item.end, whole=task.all_day) if item.end else None,
        "allDay": task.all_day,
        "editable": item.movable,
        "kind": item.kind,
        "done": not task.is_open,
        "place": item.place,
        "who": item.owner,
        "series": bool(task.series),
        "version": task.version,
    }
    return {name: said for name, said in told.items() if said} | {"editable": item.movable}


def _busy(title: str, one: schedule.Span) -> dict[str, Any]:
    return {"title": title, "start": _local(one[0]), "end": _local(one[1]), "editable": False, "busy": True}


@login_required
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an activity elsewhere: ``start``, ``end``, ``all_day``, ``scope`` of a series, ``owner``; 409 when it has moved on."""
    bound = _bound(request)
    if not bound.can("change"):
        raise PermissionDenied
    task = get_object_or_404(bound.records("change"), pk=pk)
    if any(policy.field_mode(request.user, [(LABEL, name)]) is not None for name in ("due_at", "ends_at", "all_day")):
        raise PermissionDenied
    if request.POST.get("version", "") != str(task.version):
        return _refused(_("%(name)s was changed in the meantime.") % {"name": task}, 409)
    try:
        values = _place(request, task)
        scope = request.POST.get("scope", repeating.THIS)
        if scope not in {repeating.THIS, repeating.FOLLOWING, repeating.ALL}:
            raise ValidationError(_("This or those that follow?"))
        started = timezone.now()
        repeating.change_series(task, scope, values, actor=Actor.of(request))
    except ValidationError as error:
        return _refused(" ".join(error.messages), 422)
    except Conflict:
        return _refused(_("%(name)s was changed in the meantime.") % {"name": task}, 409)
    undo = undo_url(done_since(task, started, request.user))
    toast = {"toast": {"text": _("Moved: %(name)s") % {"name": task}, "undo_url": undo}, "counts": ""}
    task.refresh_from_db()
    return JsonResponse({"version": task.version}, headers={"HX-Trigger": json.dumps(toast)})


def _place(request: HttpRequest, task: Task) -> dict[str, Any]:
    start, end = _moment(request.POST.get("start", "")), _moment(request.POST.get("end", ""))
    if start is None or (request.POST.get("end") and end is None) or (end is not None and end <= start):
        raise ValidationError(_("The end lies after the beginning."))
    all_day = request.POST.get("all_day") == "1"
    values: dict[str, Any] = {"due_at": start, "ends_at": end, "all_day": all_day}
    if all_day and end is None:
        values["ends_at"] = days_of(timezone.localdate(start))[1]
    if asked := request.POST.get("owner", ""):
        owner = User.objects.filter(pk=int(asked), is_active=True).first() if _is_id(asked) else None
        if owner is None or (owner.pk != task.owner_id and not policy.can_assign(request.user, LABEL, owner)):
            raise ValidationError(_("You may not give tasks to them."))
        if owner.pk != task.owner_id:
            if not policy.can_record(request.user, task, "assign"):
                raise ValidationError(_("You may not give this task away."))
            values["owner"] = owner
    return values


def _refused(text: str, status: int) -> HttpResponse:
    toast = {"toast": {"text": text, "level": "error"}}
    return HttpResponse(text, status=status, content_type="text/plain", headers={"HX-Trigger": json.dumps(toast)})


def span_of(view: str, day: date) -> tuple[date, date]:
    """The first and the last day of what a view shows."""
    if view == "day":
        return day, day
    if view == "month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=13 if view == "agenda" else 6)


def _step(view: str, day: date, by: int) -> date:
    if view == "month":
        first = day.replace(day=1)
        return (first - timedelta(days=1)).replace(day=1) if by < 0 else (first + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=by * {"day": 1, "agenda": 14}.get(view, 7))


def _bound(request: HttpRequest) -> Any:
    bound = bound_for(request.user)
    if not bound.can("view"):
        raise PermissionDenied
    return bound


def _who(request: HttpRequest, *, wide: bool = False) -> tuple[list[User], str]:
    """The people asked for, and the word that asks for them; an unknown one is oneself."""
    asked = request.GET.get("who", "")
    if asked.startswith("team-") and _is_id(asked[5:]):
        team = Team.objects.filter(pk=int(asked[5:]), members=request.user).first()
        if team is not None:
            return list(team.members.filter(is_active=True).order_by("name", "pk")[:TEAM]), asked
    if _is_id(asked):
        person = User.objects.filter(pk=int(asked), is_active=True).first()
        if person is not None:
            return [person], asked
    return (schedule.colleagues(request.user)[:TEAM] if wide else [request.user]), ""


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2200 else None


def _moment(text: str) -> datetime | None:
    """A local moment without a zone, or a day, as the calendar sends them."""
    try:
        moment = datetime.fromisoformat(text[:19])
    except ValueError:
        return None
    return timezone.make_aware(moment) if 1900 <= moment.year <= 2200 else None


def _local(moment: datetime, *, whole: bool = False) -> str:
    local = timezone.localtime(moment).replace(tzinfo=None)
    return local.date().isoformat() if whole else local.isoformat(timespec="minutes")
