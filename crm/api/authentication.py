"""Who calls: a token in the header, checked for its time and the caller's address, and how often it may come."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from crm.api.models import ApiToken, digest_of
from crm.lib.http import client_address
from crm.users.models import User

# How often the last use is written down.
FRESH = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer crm_…``. A wrong, ended or switched-off token and a wrong address get the same answer."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now, address = timezone.now(), client_address(request)
        token = ApiToken.objects.select_related("user").filter(digest=digest_of(secret.strip())).first()
        if token is None or not token.works_at(now) or not token.works_from(address):
            raise AuthenticationFailed(_("This token is not valid here."))
        if token.last_used_at is None or now - token.last_used_at > FRESH:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_address=address or None)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenThrottle(SimpleRateThrottle):
    """So many calls a minute by one token."""

    scope = "token"
    rate = "600/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": request.auth.pk} if request.auth else None
