"""Signing in and out, and failing to, stand in the audit log."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from crm.lib.http import client_address
from crm.records.audit import audit


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    audit(user, "signed_in", address=_address(request))


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None:
        audit(user, "signed_out", address=_address(request))


@receiver(user_login_failed)
def sign_in_failed(credentials: dict, request: HttpRequest | None = None, **kwargs: Any) -> None:
    audit(None, "sign_in_failed", address=_address(request), username=str(credentials.get("username", ""))[:150])


def _address(request: HttpRequest | None) -> str | None:
    return client_address(request) or None if request else None
