"""How a form does: views, what was sent, what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from marketing.models import FormSubmission, WebForm

DAYS = 30
SHOWN = 50


def figures_of(form: WebForm) -> list[dict[str, Any]]:
    """The figures of the last 30 days."""
    since = timezone.localdate() - timedelta(days=DAYS - 1)
    views = form.days.filter(day__gte=since).aggregate(Sum("views"))["views__sum"] or 0
    rows = form.submissions.filter(at__date__gte=since).order_by().values_list("state").annotate(Count("pk"))
    states = dict(rows)
    sent = sum(count for state, count in states.items() if state != FormSubmission.State.SPAM)
    found = [
        {"label": _("Views, 30 days"), "value": f"{views:,}"},
        {"label": _("Sent"), "value": f"{sent:,}"},
        {"label": _("Conversion"), "value": f"{sent / views:.1%}" if views else "–"},
        {"label": _("New records"), "value": f"{states.get(FormSubmission.State.CREATED, 0):,}"},
        {"label": _("Spam"), "value": f"{states.get(FormSubmission.State.SPAM, 0):,}"},
    ]
    if failed := states.get(FormSubmission.State.FAILED, 0):
        found.append({"label": _("Failed"), "value": f"{failed:,}", "tone": "is-late"})
    return found
