"""What an account has of our catalogue, and what not."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from customers.models import Account
from sales.orders.whitespace import white_space_of


@login_required
def white_space(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel of an account page, asked for after it."""
    account = get_object_or_404(Account.objects.restrict(request.user).filter(deleted_at__isnull=True), pk=pk)
    return render(
        request, "orders/white_space.html", {"groups": white_space_of(account, request.user), "account": account}
    )
