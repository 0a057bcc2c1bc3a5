"""Out of the trash for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.entities.paging import SIZE
from crm.entities.views.base import EntityView
from crm.records.errors import Numbered, Protected
from crm.records.purge import purge


class PurgeView(EntityView):
    """Asks about the chosen records of the trash, then removes them for good; those that are held back are listed with why."""

    action = "purge"
    template = "purge"

    def post(self, request: HttpRequest) -> HttpResponse:
        records = self._chosen(request.POST.getlist("id"))
        if not records:
            messages.info(request, _("Choose what is to be removed."))
            return HttpResponseRedirect(self.bound.url("trash"))
        if request.POST.get("sure") != "yes":
            return self.page(records=records, refused=[], cancel_url=self.bound.url("trash"))
        removed, refused = self._purge(records)
        if removed:
            said = ngettext("%(n)s record was removed for good.", "%(n)s records were removed for good.", removed)
            messages.success(request, said % {"n": removed})
        if refused:
            return self.page(status=409, records=[], refused=refused, cancel_url=self.bound.url("trash"))
        return HttpResponseRedirect(self.bound.url("trash"))

    def _chosen(self, given: Sequence[str]) -> list[Any]:
        """Those of a page of the trash that the user may remove; what they may not reach is not among them."""
        ids = {int(text) for text in given[:SIZE] if text.isascii() and text.isdigit() and len(text) < 19}
        return list(self.bound.model.objects.trash(self.request.user, self.action).filter(pk__in=ids).order_by("pk"))

    def _purge(self, records: Sequence[Any]) -> tuple[int, list[tuple[Model, str]]]:
        """(how many went, those that could not with the reason), each record by itself."""
        removed, refused = 0, []
        for record in records:
            try:
                with transaction.atomic():
                    removed += bool(purge([record], actor=self.actor))
            except Numbered:
                refused.append((record, _("It has a number that must have no gaps: void it instead.")))
            except (Protected, IntegrityError):
                refused.append((record, _("Other records still need it. Remove those first.")))
        return removed, refused
