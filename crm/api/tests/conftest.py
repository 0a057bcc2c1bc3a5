"""A program that calls with a token of a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from crm.api.models import ApiToken
from crm.customfields.tests.conftest import define, places  # noqa: F401


@dataclass
class Caller:
    """``caller.get("customers/accounts/")`` → (status, JSON)."""

    token: ApiToken
    secret: str

    @classmethod
    def of(cls, user: Any, *scopes: str, **values: Any) -> Caller:
        token = ApiToken(name="Shop", user=user, scopes=list(scopes) or ["*:write"], **values)
        secret = token.renew()
        token.save()
        return cls(token, secret)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        headers = {"authorization": f"Bearer {self.secret}", "accept-language": "en", **headers}
        found = Client().generic(
            method, f"/api/v1/{path}", raw, "application/json", headers=headers, REMOTE_ADDR="192.0.2.7"
        )
        return found.status_code, json.loads(found.content) if found.content else None

    def get(self, path: str) -> tuple[int, Any]:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.ask("POST", path, body)

    def patch(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.ask("PATCH", path, body)


@pytest.fixture
def caller_of(db):
    """``caller_of(rep, "customers.account:write")`` is a program that acts as the rep."""
    cache.clear()
    return Caller.of
