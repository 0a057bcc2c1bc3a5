"""The page while the database is away: in the reader's language, without asking it for anything."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from crm.faults import database_is_away
from crm.users.models import User
from customers.factories import make_account

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = {"dbname", "host", "port", "user", "password"}
PATHS = ("/", "/customers/accounts/", "/customers/accounts/1/", "/search/?q=x", "/admin/", "/sign-in/")


@pytest.fixture
def person() -> Client:
    """Somebody who is signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create(username="li", name="li", is_superuser=True, is_staff=True, language="en"))
    return client


@pytest.fixture
def away(person) -> Iterator[Client]:
    """The browser after the database went away."""
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    yield person
    connection.close()
    connection.settings_dict["HOST"] = host


@pytest.mark.parametrize("path", PATHS)
def test_every_page_says_that_the_program_is_not_ready(away, path):
    answer = away.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "no-store" in answer["Cache-Control"]
    assert "/readyz" in answer.content.decode()


def test_so_does_what_is_sent(away):
    assert away.post("/customers/accounts/add/", {"name": "x"}).status_code == 503


@pytest.mark.parametrize(
    ("languages", "said", "tag"),
    [("zh-CN,zh;q=0.9", "zh-hans", "zh-Hans"), ("en-GB,en;q=0.8", "en", "en"), ("", "zh-hans", "zh-Hans")],
)
def test_in_the_language_of_the_browser(away, languages, said, tag):
    answer = away.get("/", headers={"Accept-Language": languages} if languages else {})
    assert answer["Content-Language"] == said
    page = answer.content.decode()
    assert f'<html lang="{tag}"' in page
    assert ("The program is not ready" in page) == (said == "en")


def test_the_health_pages_still_answer(away):
    assert away.get("/healthz").status_code == 200
    answer = away.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"].startswith("cannot be reached (OperationalError)")


def test_when_it_is_back_so_is_the_page(person):
    assert person.get("/").status_code == 200


def test_a_fault_of_ours_is_no_outage(person):
    class Cause(psycopg2.OperationalError):
        pgcode = "54001"  # a statement too complex

    slow = OperationalError("x")
    slow.__cause__ = Cause()
    assert not database_is_away(slow)
    assert not database_is_away(DatabaseError("x"))
    assert not database_is_away(None)
    assert database_is_away(InterfaceError("connection already closed"))
    Cause.pgcode = "57P01"
    assert database_is_away(slow)


@pytest.fixture
def given_up(person):
    """Saves a name while somebody else holds the record, for as long as a setting of PostgreSQL allows; the answer."""

    def given_up(setting: str) -> HttpResponse:
        account = make_account(owner=User.objects.get())
        url = f"/customers/accounts/{account.pk}/cell/name/"
        options = {key: value for key, value in connection.get_connection_params().items() if key in ADDRESS}
        other = psycopg2.connect(**options)
        try:
            with other.cursor() as cursor:
                cursor.execute("select 1 from customers_account where id = %s for update", [account.pk])
            with connection.cursor() as cursor:
                cursor.execute(f"set {setting} = '500ms'")
            return person.post(url, {"name": "新名", "version": account.version}, headers={"Accept-Language": "en"})
        finally:
            other.close()
            connection.close()
            assert type(account).objects.get().name == account.name

    return given_up


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("lock_timeout", "Others are changing the same data right now. Nothing was written: try again."),
        ("statement_timeout", "This took too long. Nothing was written: try again."),
    ],
)
def test_who_waits_too_long_for_what_others_hold_may_try_again(given_up, setting, told):
    answer = given_up(setting)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert told in answer.content.decode()
