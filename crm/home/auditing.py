"""The audit page: who saw, exported, changed, deleted, signed in. Both logs as one, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crm.entities.entity import Entity, registry
from crm.entities.inputs import DayInput
from crm.entities.naming import entity_choices
from crm.entities.timeline import Cursor
from crm.exchange.sheets import download
from crm.fields.periods import days_of
from crm.records.audit import audit
from crm.records.kinds import kind_of
from crm.records.models import AuditEvent, Entry
from crm.users.models import User

PAGE = 60
MOST_EXPORTED = 200_000

# What is looked for: name → (label, conditions on the audit log, conditions on the log of changes); None: not in that log.
WHAT: dict[str, tuple[Any, Q | None, Q | None]] = {
    "": (_("Everything"), Q(), Q()),
    "viewed": (_("Seen"), Q(action="viewed"), None),
    "exported": (_("Exported or downloaded"), Q(action__in=["exported", "downloaded"]), None),
    "signed": (_("Signed in or out"), Q(action__startswith="sign"), None),
    "failed": (_("Failed sign-ins"), Q(action="sign_in_failed"), None),
    "changed": (_("Changed"), None, Q()),
    "deleted": (_("Moved to the trash or removed"), None, Q(kind__endswith=".deleted") | Q(kind__endswith=".purged")),
    "unmasked": (_("Masked values shown"), Q(action="unmasked"), None),
    "other": (_("Everything else that was noted"), ~Q(action__startswith="sign") & ~Q(action__in=["viewed", "exported", "downloaded", "unmasked"]), None),
}  # fmt: skip

ACTIONS = {
    "viewed": _("saw"),
    "exported": _("exported"),
    "downloaded": _("downloaded"),
    "signed_in": _("signed in"),
    "signed_out": _("signed out"),
    "sign_in_failed": _("failed to sign in"),
    "seen_as": _("looked at the program as"),
    "unmasked": _("unmasked"),
}


class AuditForm(forms.Form):
    """What to look for."""

    what = forms.ChoiceField(
        label=_("What"), required=False, choices=[(key, label) for key, (label, _a, _c) in WHAT.items()]
    )
    person = forms.ModelChoiceField(
        User.objects.order_by("name"), label=_("Who"), required=False, empty_label=_("Everybody")
    )
    entity = forms.ChoiceField(label=_("Entity"), required=False)
    record = forms.IntegerField(label=_("Record no."), required=False, min_value=1, max_value=2**62)
    first = DayInput(label=_("From"), required=False)
    last = DayInput(label=_("Until"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entity"].choices = [("", _("All")), *entity_choices(), ("users.user", _("Users"))]

    def logs(self) -> tuple[QuerySet | None, QuerySet | None]:
        """The audit log and the log of changes as far as they are asked for."""
        asked = self.cleaned_data
        _label, looked, changed = WHAT[asked.get("what") or ""]
        events = None if looked is None else AuditEvent.objects.filter(looked).select_related("user")
        entries = None if changed is None else Entry.objects.filter(changed).select_related("actor")
        if person := asked.get("person"):
            events = events.filter(user=person) if events is not None else None
            entries = entries.filter(actor=person) if entries is not None else None
        if entity := asked.get("entity"):
            events = events.filter(entity=entity) if events is not None else None
            entries = entries.filter(entity=entity) if entries is not None else None
        if record := asked.get("record"):
            events = events.filter(record_ids__contains=[record]) if events is not None else None
            entries = entries.filter(record_id=record) if entries is not None else None
        return self._within(events), self._within(entries)

    def _within(self, rows: QuerySet | None) -> QuerySet | None:
        if rows is None:
            return None
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first:
            rows = rows.filter(at__gte=days_of(first)[0])
        if last:
            rows = rows.filter(at__lt=days_of(last)[1])
        return rows.order_by("-at", "-id")


@dataclass(frozen=True)
class Line:
    """One thing that somebody did. ``more`` says what else the log keeps about it."""

    at: datetime
    who: str
    what: str
    entity: str
    title: str
    url: str
    where: str
    more: str


def of_event(event: AuditEvent) -> Line:
    entity, ids = registry.get(event.entity), event.record_ids
    title = "" if not ids else f"#{ids[0]}" if len(ids) == 1 else gettext("%(count)d records") % {"count": len(ids)}
    url = entity.url("record", ids[0]) if entity and len(ids) == 1 else ""
    more = ", ".join(f"{key}: {value}" for key, value in event.data.items() if value not in ("", None, [], {}))
    who = str(event.user) if event.user_id else gettext("Nobody signed in")
    what = str(ACTIONS.get(event.action, event.action.replace("_", " ")))
    return Line(
        event.at,
        who,
        what,
        entity.plural if entity else _room(event.entity),
        title,
        url,
        event.address or "",
        more[:300],
    )


def of_entry(entry: Entry) -> Line:
    entity = registry.get(entry.entity)
    url = entity.url("record", entry.record_id) if entity else ""
    fields = ", ".join(_label(entity, name) for name in entry.changes)
    who = str(entry.actor) if entry.actor_id else gettext("The system")
    what = " ".join(kind_of(entry.kind).said().split())
    return Line(
        entry.at,
        who,
        what,
        entity.plural if entity else entry.entity,
        entry.title,
        url,
        _cause(entry.cause),
        fields[:300],
    )


def _room(label: str) -> str:
    """What is no entity, by the name of its table."""
    try:
        return capfirst(str(apps.get_model(label)._meta.verbose_name_plural))
    except (LookupError, ValueError):
        return label


def _label(entity: Entity | None, name: str) -> str:
    """What people call a field; its name where it is none any more."""
    try:
        return entity.field(name).label if entity else name
    except FieldDoesNotExist:
        return name


def _cause(cause: str) -> str:
    """By what it was done where that was not simply a person at a page."""
    return "" if cause.partition(":")[0] == "request" else cause


def lines(
    events: QuerySet | None, entries: QuerySet | None, before: Cursor | None = None
) -> Iterator[tuple[tuple, Line]]:
    """(place, line) of both logs merged, newest first. Each log is read in its own order."""
    sources = [(events, of_event, 0), (entries, of_entry, 1)]
    streams = [_stream(rows, make, order, before) for rows, make, order in sources if rows is not None]
    heads = [next(stream, None) for stream in streams]
    while any(head is not None for head in heads):
        newest = max((i for i, head in enumerate(heads) if head is not None), key=lambda i: heads[i][0])
        yield heads[newest]
        heads[newest] = next(streams[newest], None)


def _read(rows: QuerySet) -> Iterator[Any]:
    """Portion by portion, each larger than the one before: a cursor over all would let the database sort the whole log first."""
    rows, start, size = rows.filter(at__lte=timezone.now()), 0, 200
    while portion := list(rows[start : start + size]):
        yield from portion
        start, size = start + size, min(2 * size, 20_000)


def _stream(rows: QuerySet, make: Any, order: int, before: Cursor | None) -> Iterator[tuple[tuple, Line]]:
    if before:
        rows = rows.filter(at__lte=before.at)
    for row in _read(rows):
        place = (row.at, order, row.pk)
        if before is None or place < (before.at, before.entry_id % 2, before.entry_id // 2):
            yield place, make(row)


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponseBase:
    """Filters, lines, and the same as a file. Reading the log as a file is noted in the log."""
    if not request.user.has_perm("records.view_auditevent"):
        raise PermissionDenied
    form = AuditForm(request.GET or None)
    if form.is_bound and not form.is_valid():
        return render(
            request, "home/audit.html", {"form": form, "lines": [], "months": settings.AUDIT_MONTHS}, status=422
        )
    if not form.is_bound:
        form = AuditForm({})
        form.is_valid()
    logs = form.logs()
    if "export" in request.GET:
        return _export(request, logs)
    cursor = Cursor.read(request.GET.get("before", ""))
    found = list(islice(lines(*logs, cursor), PAGE + 1))
    more = ""
    if len(found) > PAGE:
        at, order, pk = found[PAGE - 1][0]
        query = request.GET.copy()
        query["before"] = f"{at.isoformat()}~{pk * 2 + order}"
        more = f"{reverse('home:audit')}?{query.urlencode()}"
    context = {
        "form": form,
        "lines": [line for _place, line in found[:PAGE]],
        "more": more,
        "months": settings.AUDIT_MONTHS,
        "export": _export_url(request),
    }
    return render(request, "home/audit.html", context)


def _export_url(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("before", None)
    query["export"] = "1"
    return f"{reverse('home:audit')}?{query.urlencode()}"


def _export(request: HttpRequest, logs: tuple) -> HttpResponse:
    audit(request.user, "exported", entity="records.auditevent", query=request.GET.urlencode()[:300])
    heads = [
        gettext("When"),
        gettext("Who"),
        gettext("What"),
        gettext("Entity"),
        gettext("Record"),
        gettext("Address or cause"),
        gettext("More"),
    ]

    def rows() -> Iterator[list]:
        yield heads
        for _place, line in islice(lines(*logs), MOST_EXPORTED):
            yield [line.at.isoformat(), line.who, line.what, line.entity, line.title, line.where, line.more]

    return download(rows(), str(gettext("Audit log")), "csv")
