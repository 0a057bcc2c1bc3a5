"""Facts about a request."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: the one our own proxy saw (the last of X-Forwarded-For) when BEHIND_PROXY, else the socket's."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if settings.BEHIND_PROXY else ""
    return forwarded or request.META.get("REMOTE_ADDR", "")
