"""A visitor, and a form that they find."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.access.models import Scope
from marketing.factories import make_web_form
from marketing.models import WebForm
from marketing.webforms import stamps


@pytest.fixture
def keeper(make_user, grant):
    """Who keeps the forms and the leads that come by them."""
    user = make_user("keeper", name="周敏")
    grant(user, "marketing.webform", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN, delete=Scope.OWN)
    grant(user, "sales.lead", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return user


@pytest.fixture
def form(keeper) -> WebForm:
    return make_web_form(owner=keeper, name="官网咨询", consent_zh="同意隐私政策", consent_en="I agree")


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True, headers={"accept-language": "en"})


@pytest.fixture
def slow(monkeypatch):
    """Let no time pass: people write as slowly as they like."""
    monkeypatch.setattr(stamps, "QUICKEST", timedelta(seconds=-1))


@pytest.fixture
def send(visitor, slow) -> Callable[..., Any]:
    """``send(form, name="…")`` opens the page and sends it, as a browser does."""

    def go(form: WebForm, query: str = "", page: Any = None, **values: Any) -> Any:
        page = page or visitor.get(f"/f/{form.token}/{query}")
        assert page.status_code == 200
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
        data = {"consent": "1", **hidden, **values}
        return visitor.post(f"/f/{form.token}/{query}", {k: v for k, v in data.items() if v is not None})

    return go


@pytest.fixture
def now():
    return timezone.now()
