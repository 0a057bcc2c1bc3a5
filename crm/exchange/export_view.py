"""The export of a list: at once while it is small, else as a job with a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crm.entities.views.base import EntityView
from crm.exchange.exporting import Export, file_stem
from crm.exchange.sheets import FORMATS, download
from crm.jobs.services import start_job
from crm.privacy.people import kinds as people
from crm.records.audit import audit

AT_ONCE = 5000


class ExportView(EntityView):
    """GET asks which format, with the list's own address; POST writes it."""

    action = "export"
    template = "export"

    def get(self, request: HttpRequest) -> HttpResponse:
        export = Export(self.bound, request.GET)
        return self._ask(export)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        consents = bool(request.POST.get("consents"))
        codes = bool(request.POST.get("codes"))
        export = Export(self.bound, request.GET, consents=consents, codes=codes)
        format = request.POST.get("format", "")
        if export.problems or format not in FORMATS:
            return self._ask(export, status=422)
        count = export.count(AT_ONCE + 1)
        if count > AT_ONCE:
            params: dict[str, Any] = {"label": self.bound.label, "query": request.GET.urlencode(), "format": format}
            params |= {"consents": consents, "codes": codes}
            title = _("Export %(name)s") % {"name": file_stem(self.bound)}
            return redirect(
                "jobs:job", pk=start_job("exchange.export", user=request.user, params=params, title=title).pk
            )
        audit(request.user, "exported", entity=self.bound.label, count=count, format=format, **export.summary())
        return download(export.rows(), file_stem(self.bound), format)

    def _ask(self, export: Export, *, status: int = 200) -> HttpResponse:
        count = 0 if export.problems else export.count(AT_ONCE + 1)
        return self.page(
            template="export",
            status=status,
            query=export.query,
            problems=export.problems,
            columns=export.columns,
            found=count,
            many=count > AT_ONCE,
            limit=AT_ONCE,
            tells_consents=self.bound.label in people,
        )
