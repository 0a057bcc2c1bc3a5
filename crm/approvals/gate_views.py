"""What a move needs, asked right where it was tried: what is missing is filled in, then the move goes on."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm.approvals.gating import Gate, GateSource, Requirement, requirements, sources
from crm.customfields.logic_guard import refused
from crm.entities.bound import BoundEntity
from crm.entities.finding import seen_record
from crm.entities.forms import EntityForm, entity_form
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Record


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def gate(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """``?to=``: where the record is to move. POST fills in and moves, both or neither."""
    source, to = sources.get(label), request.GET.get("to", "")
    if source is None or not (to.isascii() and to.isdigit() and len(to) < 19):
        raise Http404
    bound, record = seen_record(request.user, label, pk, "change")
    try:
        called = source.name(int(to))
    except LookupError:
        raise Http404 from None
    page = GatePage(request, source, bound, record, int(to), called)
    return page.post() if request.method == "POST" else page.show(page.form())


class GatePage:
    """One record before one gate."""

    def __init__(
        self, request: HttpRequest, source: GateSource, bound: BoundEntity, record: Record, to: int, called: str
    ) -> None:
        self.request, self.source, self.bound, self.record, self.to, self.called = (
            request,
            source,
            bound,
            record,
            to,
            called,
        )
        self.gates: list[Gate] = source.find([(getattr(record, self.column), to)])[0]
        self.actor = Actor.of(request)

    @property
    def column(self) -> str:
        return self.bound.model._meta.get_field(self.source.field).attname

    @cached_property
    def by_rules(self) -> dict[str, list[ValidationError]]:
        """What the rules of the record say to the move, by field."""
        return refused(self.there, self.record, self.request.user)

    @property
    def there(self) -> Record:
        """The record as it would be where it is to move."""
        found = copy(self.record)
        # What is known of where it stands now is not known of there.
        found._state = copy(found._state)
        found._state.fields_cache = dict(found._state.fields_cache)
        found._state.fields_cache.pop(self.source.field, None)
        setattr(found, self.column, self.to)
        return found

    def needed(self) -> list[Requirement]:
        """What the gates ask of the record as it would be there, and what its rules do."""
        found = requirements(self.source, self.gates, self.there, self.to, actor=self.actor)
        known = {one.field for one in found if one.field}
        for name, errors in self.by_rules.items():
            if name not in known:
                kind, field = ("field", name) if name in self.bound.form_names else ("rule", "")
                found += [Requirement(False, text, kind, field) for error in errors for text in error.messages]
        return found

    def form(self, data: Any = None) -> EntityForm:
        """Every field that the gates and rules want filled, so that what was filled in can be corrected here, too."""
        wanted = [*(name for gate in self.gates for name in gate.needs), *self.by_rules]
        names = [name for name in wanted if name in self.bound.form_names]
        names = [name for name in dict.fromkeys(names) if name != self.source.field]
        return entity_form(self.bound, data, instance=self.record, names=names or ())

    def post(self) -> HttpResponse:
        form = self.form(self.request.POST)
        if not form.is_valid():
            return self.show(form, 422)
        version = form.cleaned_data.get("version")
        if version is not None:
            form.instance.version = version
        try:
            self.source.move(form.instance, self.to, actor=self.actor)
        except ValidationError as error:
            form.take(error)
            self.record = get_object_or_404(self.bound.records("view"), pk=self.record.pk)
            return self.show(form, 422)
        except Conflict:
            form.add_error(None, _("Somebody changed it meanwhile. Load the page again."))
            return self.show(form, 409)
        messages.success(self.request, _("%(name)s: now “%(to)s”.") % {"name": form.instance, "to": self.called})
        if self._in_dialog():
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return HttpResponseRedirect(self.bound.url("record", self.record.pk))

    def show(self, form: EntityForm, status: int = 200) -> HttpResponse:
        needed = self.needed()
        other = [one for one in needed if not one.met and one.kind != "field"]
        context = {
            "record": self.record,
            "entity": self.bound,
            "to": self.called,
            "needed": needed,
            "form": form,
            "blocked": bool(other),
            "ask": next((one.url for one in other if one.kind == "approval"), ""),
            "action": f"{reverse('approvals:gate', args=[self.bound.label, self.record.pk])}?to={self.to}",
        }
        name = "approvals/gate_dialog.html" if self._in_dialog() else "approvals/gate.html"
        return render(self.request, name, context, status=status)

    def _in_dialog(self) -> bool:
        return bool(self.request.htmx and not self.request.htmx.boosted)
