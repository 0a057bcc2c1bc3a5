"""Reading a file of the bank into its statement."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access import policy
from crm.entities.entity import registry
from crm.records.actor import Actor
from sales.receivables import statements
from sales.receivables.models import BankStatement

LARGEST = 20 << 20


@login_required
@require_POST
def read_statement(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in the lines of an uploaded CSV or XLSX file."""
    statement = get_object_or_404(BankStatement.objects.restrict(request.user).filter(deleted_at__isnull=True), pk=pk)
    if not policy.can_record(request.user, statement, "change"):
        raise PermissionDenied
    upload = request.FILES.get("file")
    if upload is None or upload.size > LARGEST:
        messages.error(request, _("Choose a CSV or XLSX file of at most 20 MB."))
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "statement"
            path.write_bytes(upload.read())
            try:
                read = statements.read_file(statement, path, actor=Actor.of(request))
            except ValidationError as error:
                messages.error(request, "; ".join(error.messages))
            else:
                told = {"added": read.added, "known": read.known, "skipped": read.skipped}
                messages.success(
                    request, _("%(added)d read, %(known)d known already, %(skipped)d are no money that came in.") % told
                )
    return redirect(registry["receivables.bankstatement"].url("record", statement.pk))
