"""Reading mail."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.messaging.models import MailMessage


@login_required
@require_safe
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail with its thread."""
    found = get_object_or_404(MailMessage.objects.restrict(request.user), pk=pk)
    return render(request, "messaging/message.html", {"message": found})
