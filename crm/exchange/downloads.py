"""Files to take away: rejected rows with their reasons, an empty template."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.exchange.consents import ROOM
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import, ImportRow
from crm.exchange.sheets import download
from crm.exchange.views import allowed_target, own_import


@login_required
@require_safe
def rejected(request: HttpRequest, pk: int, format: str) -> HttpResponseBase:
    """The rejected rows as they stood in the file, the reasons beside them: mend them and bring the file again.

    ``?all=1`` adds the rows that were skipped or taken with a remark.
    """
    run, _target = own_import(request, pk)
    stem = run.name.rpartition(".")[0] or run.name
    name = " ".join((stem, _("rejected")))
    return download(_rejected_rows(run, everything="all" in request.GET), name, format)


def _rejected_rows(run: Import, *, everything: bool) -> Iterator[list]:
    rows = run.rows.all() if everything else run.rows.filter(verdict=ImportRow.Verdict.REJECTED)
    outcome = [_("Outcome")] if everything else []
    yield [*run.headings, _("Line in the file"), *outcome, _("Why it was rejected")]
    width = len(run.headings)
    for row in rows.iterator(chunk_size=2000):
        said = [row.get_verdict_display()] if everything else []
        yield [*(row.cells + [""] * width)[:width], row.line, *said, "; ".join(row.reasons)]


@login_required
@require_safe
def template(request: HttpRequest, label: str, format: str) -> HttpResponseBase:
    """An empty file with the headings of the fields that the person may fill, in their language."""
    target: Target = allowed_target(request, label)
    return download(
        [[field.label for field in target.fields.values() if not field.name.startswith(f"{ROOM}.")]],
        str(target.plural),
        format,
    )
