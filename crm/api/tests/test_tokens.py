"""Tokens: who they let in, how far, from where and until when."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from crm.access.models import Scope
from crm.api.authentication import TokenThrottle
from crm.api.models import ApiToken
from crm.entities.testing import factory_of

pytestmark = pytest.mark.django_db
LIST = "customers/accounts/"


@pytest.fixture
def calls(rep, grant, caller_of):
    grant(rep, "customers.account", view=Scope.OWN, add=Scope.OWN)
    return caller_of(rep)


def test_without_a_token_nobody_comes_in(calls, client, boss):
    client.force_login(boss)
    assert client.get(f"/api/v1/{LIST}").status_code == 401
    assert calls.ask("GET", LIST, authorization="Bearer crm_wrong")[0] == 401
    assert calls.ask("GET", LIST, authorization="Basic YTpi")[0] == 401
    assert calls.get(LIST)[0] == 200


def test_refusals_speak_the_callers_language(calls):
    status, told = calls.ask("GET", "customers/accounts/1/", **{"accept-language": "zh-hans"})
    assert (status, told) == (404, {"errors": {"": ["未找到。"]}})


@pytest.mark.parametrize(
    "change",
    [
        {"active": False},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"addresses": ["10.0.0.0/8", "192.0.2.8"]},
    ],
)
def test_what_ended_or_comes_from_elsewhere_stays_out(calls, change):
    ApiToken.objects.filter(pk=calls.token.pk).update(**change)
    assert calls.get(LIST)[0] == 401


def test_a_token_ends_with_its_person(calls, rep):
    rep.is_active = False
    rep.save()
    assert calls.get(LIST)[0] == 401


def test_it_may_come_from_its_network(calls):
    ApiToken.objects.filter(pk=calls.token.pk).update(addresses=["192.0.2.0/24"])
    assert calls.get(LIST)[0] == 200
    calls.token.refresh_from_db()
    assert calls.token.last_address == "192.0.2.7"


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [
        (["*:read"], 200, 403),
        (["customers.account:write"], 200, 201),
        (["customers.account:read"], 200, 403),
        (["sales.lead:write"], 403, 403),
    ],
)
def test_scopes_narrow_what_its_person_may(calls, scopes, read, write):
    ApiToken.objects.filter(pk=calls.token.pk).update(scopes=scopes)
    assert calls.get(LIST)[0] == read
    assert calls.post(LIST, {"fields": {"name": "A"}})[0] == write


def test_it_never_reaches_further_than_its_person(calls):
    assert calls.get("sales/leads/")[0] == 403


def test_too_many_calls_must_wait(calls, monkeypatch):
    cache.clear()
    monkeypatch.setattr(TokenThrottle, "rate", "3/min")
    assert [calls.get(LIST)[0] for _call in range(4)] == [200, 200, 200, 429]


def test_the_document_tells_what_the_token_may_do(calls, rep, field_rule, define):
    field_rule(rep, "customers.account", "website", "hidden")
    define("customers.account", "money", "budget")
    status, told = calls.get("openapi.json")
    assert (status, told["openapi"]) == (200, "3.1.0")
    assert sorted(told["paths"]["/customers/accounts/"]) == ["get", "post"]
    assert sorted(told["paths"]["/customers/accounts/{id}/"]) == ["get"]
    fields = told["components"]["schemas"]["customers.account"]["properties"]["fields"]["properties"]
    assert "website" not in fields and fields["custom.budget"]["format"] == "decimal"
    assert fields["created_at"]["readOnly"] is True
    assert "sales.lead" not in told["components"]["schemas"]


def test_an_admin_makes_a_token_and_sees_its_secret_once(client, boss, rep, caller_of, grant):
    grant(rep, "customers.account", view=Scope.OWN)
    factory_of("customers.account")(rep, name="A")
    client.force_login(boss)
    form = {"name": "Shop", "user": rep.pk, "scopes": ["customers.account:read"], "addresses": "", "active": "on"}
    page = client.post(reverse("admin:api_apitoken_add"), form, follow=True)
    made = ApiToken.objects.get()
    text = page.content.decode()
    secret = text[text.index("crm_") :].split(".")[0].split(" ")[0]
    assert (len(secret), made.digest in text, made.scopes) == (47, False, ["customers.account:read"])
    calls = caller_of(rep)
    calls.secret = secret
    assert [line["title"] for line in calls.get(LIST)[1]["records"]] == ["A"]
    client.post(reverse("admin:api_apitoken_changelist"), {"action": "renew", "_selected_action": [made.pk]})
    assert calls.get(LIST)[0] == 401
    bad = client.post(reverse("admin:api_apitoken_add"), form | {"addresses": "10.0.0.300"})
    assert "10.0.0.300" in bad.content.decode() and ApiToken.objects.count() == 2
