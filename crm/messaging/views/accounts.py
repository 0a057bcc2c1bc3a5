"""One's own mailboxes: set up on the profile, tried out at once."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.messaging.drafts import accounts_of
from crm.messaging.forms import AccountForm
from crm.messaging.models import MailAccount
from crm.messaging.trying import try_out

MOST = 5


@login_required
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The mailboxes that one reads and writes with."""
    found = accounts_of(request.user)
    return render(request, "messaging/accounts.html", {"accounts": found, "own": _own(request).count() < MOST})


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A mailbox of one's own. Shared ones are set up in the administration."""
    if pk is None and _own(request).count() >= MOST:
        raise PermissionDenied
    found = get_object_or_404(_own(request), pk=pk) if pk else MailAccount(owner=request.user, name=str(request.user))
    if not pk:
        found.address = request.user.email
    form = AccountForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        _say(request, saved)
        return redirect("messaging:account", pk=saved.pk)
    status = 422 if form.is_bound else 200
    return render(request, "messaging/account.html", {"form": form, "account": found}, status=status)


@login_required
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign in at both servers and say how it went."""
    _say(request, get_object_or_404(_own(request), pk=pk))
    return redirect("messaging:account", pk=pk)


def _own(request: HttpRequest):
    return MailAccount.objects.filter(owner=request.user, shared=False)


def _say(request: HttpRequest, account: MailAccount) -> None:
    if not account.active:
        messages.info(request, _("Saved. The account is switched off."))
        return
    for verdict in try_out(MailAccount.objects.get(pk=account.pk)):
        (messages.success if verdict.good else messages.error)(request, verdict.text)
