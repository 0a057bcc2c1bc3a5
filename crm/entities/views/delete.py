"""To the trash and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.brief import briefs
from crm.entities.entity import registry
from crm.entities.undoing import undo_url
from crm.entities.views.base import EntityView
from crm.records import services
from crm.records.errors import Protected


class DeleteView(EntityView):
    """Asks, saying what goes along; refuses with 409 while other records need this one."""

    action = "delete"
    template = "delete"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        record: Any = self.get_record(pk)
        parts, blockers = services.dependents(record)
        return self._ask(record, parts, blockers)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        record: Any = self.get_record(pk)
        try:
            changes = services.delete(record, actor=self.actor)
        except Protected as refused:
            return self._ask(record, [], refused.blockers, status=409)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return HttpResponseRedirect(self.bound.url("record", pk))
        url = undo_url(changes)
        messages.success(request, _("%(name)s is in the trash.") % {"name": record}, extra_tags=f"undo={url}")
        return HttpResponseRedirect(self.bound.url("list"))

    def _ask(
        self, record: Model, parts: Sequence[Model], blockers: Sequence[Model], *, status: int = 200
    ) -> HttpResponse:
        seen = _seen(self.request.user, blockers)
        return self.page(
            status=status,
            record=record,
            parts=_counts(parts),
            blockers=briefs(seen, self.request.user, at_most=10),
            unseen=len(blockers) - len(seen),
            blocked=bool(blockers),
            refused=status == 409,
            cancel_url=self.bound.url("record", record.pk),
        )


class RestoreView(EntityView):
    """Takes a record out of the trash, with what went there together with it."""

    action = "delete"
    template = "restore_refused"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        record = get_object_or_404(self.bound.model.objects.trash(request.user), pk=pk)
        try:
            services.restore(record, actor=self.actor)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return HttpResponseRedirect(self.bound.url("trash"))
        except IntegrityError:
            return self.page(status=409, record=record, cancel_url=self.bound.url("trash"))
        messages.success(request, _("%(name)s is back.") % {"name": record})
        seen = self.bound.can_record("view", record)
        return HttpResponseRedirect(self.bound.url("record", record.pk) if seen else self.bound.url("trash"))


def _seen(user: Any, records: Sequence[Model]) -> list[Model]:
    """Those of the records that the user may know of: one query a model."""
    found = []
    for model in {type(record) for record in records}:
        own = [record for record in records if type(record) is model]
        ids = policy.visible_ids(user, model, [r.pk for r in own]) if model._meta.label_lower in registry else set()
        found += [record for record in own if record.pk in ids]
    return found


def _counts(parts: Sequence[Model]) -> list[tuple[str, int]]:
    """(plural name, number) of each kind of part."""
    return [(str(model._meta.verbose_name_plural), n) for model, n in Counter(map(type, parts)).items()]
