"""Issuing invoices from a file of the tax office: choose, look, confirm."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from crm.access import policy
from crm.entities.bound import bind, knows
from crm.entities.entity import registry
from crm.lib.money import format_money
from crm.records.actor import Actor
from sales.invoicing import batch

LARGEST = 5 << 20
LABEL = "invoicing.invoice"
SALT = "invoicing.issue_file"


def may(user: Any) -> bool:
    """Whether the user issues invoices and knows what they come to: rows are told apart by that."""
    return policy.can(user, LABEL, "issue") and knows(user, LABEL, "number", "total")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def issue_file(request: HttpRequest) -> HttpResponse:
    """GET asks for the file; POST of a file shows what would become of it; POST of its rows issues what can be."""
    if not may(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request)
    try:
        if "rows" in request.POST:
            return _issue(request)
        rows = _uploaded(request)
    except ValidationError as error:
        return _page(request, error="; ".join(error.messages), status=422)
    return _page(request, rows=rows)


def _uploaded(request: HttpRequest) -> list[batch.Row]:
    upload = request.FILES.get("file")
    if upload is None or upload.size > LARGEST:
        raise ValidationError(_("Choose a CSV or XLSX file of at most 5 MB."))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers"
        path.write_bytes(upload.read())
        rows = batch.read_rows(path)
    if not rows:
        raise ValidationError(_("There are no rows in this file."))
    return rows


def _issue(request: HttpRequest) -> HttpResponse:
    """Issue the rows that were looked at; what failed meanwhile is shown again."""
    try:
        given = signing.loads(request.POST["rows"], salt=f"{SALT}.{request.user.pk}", max_age=86400)
    except signing.BadSignature as error:
        raise ValidationError(_("This preview is too old: choose the file again.")) from error
    rows = [batch.Row(**one) for one in given]
    issued, failed = batch.issue_rows(rows, actor=Actor.of(request))
    told = ngettext("%(count)d invoice is issued.", "%(count)d invoices are issued.", len(issued)) % {
        "count": len(issued)
    }
    (messages.success if issued else messages.info)(request, told)
    if failed:
        return _page(request, rows=[one.row for one in failed])
    return redirect(registry[LABEL].url("list"))


def _page(
    request: HttpRequest, *, rows: list[batch.Row] | None = None, error: str = "", status: int = 200
) -> HttpResponse:
    judged = batch.judge(rows, request.user) if rows else []
    entity = registry[LABEL]
    invoices = [one.invoice for one in judged if one.invoice]
    told = bind(entity, request.user).texts(invoices, ("account",))
    lines = [
        {
            "judged": one,
            "account": told[one.invoice.pk].get("account", "") if one.invoice else "",
            "url": entity.url("record", one.invoice.pk) if one.invoice else "",
            "total": format_money(one.invoice.total, one.invoice.currency) if one.invoice else one.row.total,
        }
        for one in judged
    ]
    context = {
        "error": error, "lines": lines, "list_url": entity.url("list"), "entity": entity,
        "ready": sum(one.ready for one in judged), "wrong": sum(bool(one.error) for one in judged),
        "done": sum(one.done for one in judged),
        "rows": signing.dumps(batch.packed(rows), salt=f"{SALT}.{request.user.pk}", compress=True) if rows else "",
    }  # fmt: skip
    return render(request, "invoicing/issue_file.html", context, status=status)
