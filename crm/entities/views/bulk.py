"""Editing, assigning and deleting many records: first what and how many, then the change, with undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.entities.bulk import Outcome, Selection, bulk_form, may_run, needs, run, values_of, verb_of
from crm.entities.forms import EntityForm
from crm.entities.undoing import undo_url
from crm.entities.views.base import EntityView
from crm.jobs.services import start_job
from crm.records import services

IN_REQUEST = 2000
# More than the page of any verb takes at once: it says so itself.
FEW = 11


class BulkView(EntityView):
    """``apply=1`` does it; without, the page asks what to change and says how many records it will reach."""

    template = "bulk"

    def post(self, request: HttpRequest, op: str) -> HttpResponse:
        if needs(self.bound, op) is None:
            raise Http404
        if not may_run(self.bound, op):
            raise PermissionDenied
        selection = Selection(self.bound, request.POST)
        if (verb := verb_of(self.bound, op)) is not None and verb.page:
            few = selection.rows("view").order_by("pk").values_list("pk", flat=True)[:FEW]
            return redirect(verb.page(self.bound.entity, list(few)))
        applying = bool(request.POST.get("apply"))
        form = bulk_form(self.bound, op, request.POST if applying else None)
        if not applying:
            return self._ask(op, selection, form)
        nothing = isinstance(form, EntityForm) and not form.names
        if form is not None and (not form.is_valid() or nothing):
            asked = bulk_form(self.bound, op, None) if nothing else form
            return self._ask(op, selection, asked, status=422, nothing=nothing)
        return self._run(op, selection, form)

    def _ask(
        self, op: str, selection: Selection, form: Any, *, status: int = 200, nothing: bool = False
    ) -> HttpResponse:
        meant, reached = selection.rows("view").count(), selection.rows(self._needed(op)).count()
        return self.page(
            op=op, form=form, verb=verb_of(self.bound, op), meant=meant, reached=reached, left_out=meant - reached, selection=selection, status=status, nothing=nothing,
            cancel_url=f"{self.bound.url('list')}?{selection.query}",
        )  # fmt: skip

    def _run(self, op: str, selection: Selection, form: Any) -> HttpResponse:
        rows = selection.rows(self._needed(op))
        count, meant = rows.count(), selection.rows("view").count()
        title = _("%(what)s: %(count)d × %(entity)s") % {
            "what": verb.label if (verb := verb_of(self.bound, op)) else OPERATIONS[op],
            "count": count,
            "entity": self.bound.plural,
        }
        with transaction.atomic():
            changes = services.change_set(f"bulk_{op}", actor=self.actor, entity=self.bound.label, title=title)
            if count > IN_REQUEST:
                return self._start_job(op, selection, rows, changes.pk, count, title)
            values = values_of(form) if form else {}
            outcome = run(verb or op, rows, values, actor=self.actor, changes=changes)
        self._tell(outcome, undo_url(changes), meant - count)
        return redirect(f"{self.bound.url('list')}?{selection.query}")

    def _needed(self, op: str) -> str:
        return needs(self.bound, op) or "change"

    def _start_job(
        self, op: str, selection: Selection, rows: Any, changes: int, count: int, title: str
    ) -> HttpResponse:
        params = {
            "entity": self.bound.label,
            "op": op,
            "action": self._needed(op),
            "data": self.request.POST.urlencode() if op != "delete" else "",
            "selection": selection.params(),
            "changes": changes,
            "last": rows.aggregate(last=Max("pk"))["last"],
        }
        job = start_job("entities.bulk", user=self.request.user, params=params, title=title, total=count)
        return redirect(reverse("jobs:job", args=[job.pk]))

    def _tell(self, outcome: Outcome, url: str, left_out: int) -> None:
        done = ngettext("%(count)d record was changed.", "%(count)d records were changed.", outcome.changed) % {
            "count": outcome.changed
        }
        if outcome.changed or not (left_out or outcome.refused):
            messages.success(self.request, done, extra_tags=f"undo={url}" if outcome.changed else "")
        if left_out:
            text = ngettext(
                "%(count)d record was left alone: you may not change it.",
                "%(count)d records were left alone: you may not change them.",
                left_out,
            )
            messages.warning(self.request, text % {"count": left_out})
        for reason, count in outcome.refused.items():
            messages.warning(self.request, _("%(count)d refused: %(reason)s") % {"count": count, "reason": reason})


OPERATIONS = {
    "edit": gettext_lazy("Mass edit"),
    "assign": gettext_lazy("Assignment"),
    "delete": gettext_lazy("Deletion"),
}
