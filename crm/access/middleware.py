"""The administration works with what is defined now, whichever process defined it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from crm.access.snapshot import access_of


class PresentMiddleware:
    """Looks at the versions of rights and definitions before a page of Django admin.

    Pages of entities do that themselves; superusers in Django admin are never asked for a right, so nothing else would.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        if match is not None and match.app_name == "admin" and request.user.is_authenticated:
            access_of(request.user)
