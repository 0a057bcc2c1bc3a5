"""Signing in: lock-out, the same answer for known and unknown people, sessions that end with their rights."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from crm.records.models import AuditEvent

pytestmark = pytest.mark.django_db
URL = "/sign-in/"


@pytest.fixture
def li(make_user):
    user = make_user("li", name="李雷", email="li@example.com")
    user.set_password("right horse battery")
    user.save()
    return user


def sign_in(client, username="li", password="right horse battery"):
    return client.post(URL, {"username": username, "password": password})


def test_signing_in_and_out_is_audited(client, li):
    assert sign_in(client).status_code == 302
    client.post("/sign-out/")
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == ["signed_in", "signed_out"]


def test_behind_a_proxy_the_log_names_whoever_called_it(client, li, settings):
    settings.BEHIND_PROXY = True
    client.defaults["HTTP_X_FORWARDED_FOR"] = "203.0.113.9"
    assert sign_in(client).status_code == 302
    assert AuditEvent.objects.get().address == "203.0.113.9"


def without_chance(response):
    """The page without what differs from request to request: its nonce, its token, the name typed."""
    page = response.content.decode().replace("nobody", "li")
    return re.sub(r'(nonce|name="csrfmiddlewaretoken" value)="[^"]*"', "", page)


def test_known_and_unknown_people_get_the_same_answer(client, li):
    known = sign_in(client, password="wrong")
    unknown = sign_in(client, username="nobody", password="wrong")
    assert known.status_code == unknown.status_code
    assert without_chance(known) == without_chance(unknown)
    assert AuditEvent.objects.filter(action="sign_in_failed").count() == 2


def test_guessing_locks_the_account_even_for_the_right_password(client, li):
    for _attempt in range(20):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code != 302


def test_a_deactivated_person_is_out_at_the_next_request(client, li):
    sign_in(client)
    assert client.get("/profile/").status_code == 200
    li.is_active = False
    li.save()
    assert client.get("/profile/").status_code == 302


def test_a_new_password_ends_other_sessions(client, li, django_user_model):
    sign_in(client)
    other = type(client)()
    sign_in(other)
    data = {
        "old_password": "right horse battery",
        "new_password1": "staple stays 2026",
        "new_password2": "staple stays 2026",
    }
    assert client.post("/profile/password/", data).status_code == 302
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


def test_a_forgotten_password_is_reset_by_mail_without_telling_who_exists(client, li):
    for address in ["li@example.com", "nobody@example.com"]:
        assert client.post("/password-reset/", {"email": address}).url == reverse("users:password_reset_done")
    assert [m.to for m in mail.outbox] == [["li@example.com"]]


def test_the_profile_decides_language_and_keeps_typing(client, li):
    client.force_login(li)
    data = {
        "name": " ",
        "mobile": "13800000000",
        "email": "li@example.com",
        "language": "zh-hans",
        "timezone": "Asia/Shanghai",
        "theme": "dark",
    }
    bad = client.post("/profile/", data)
    assert bad.status_code == 422
    assert b"13800000000" in bad.content
    assert client.post("/profile/", data | {"name": "李磊"}).status_code == 302
    assert client.get("/profile/").headers["Content-Language"] == "zh-hans"
    li.refresh_from_db()
    assert (li.name, li.theme) == ("李磊", "dark")


def test_an_administrator_lets_a_locked_person_try_again(client, li, boss):
    for _attempt in range(20):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429
    admin = type(client)(REMOTE_ADDR="10.0.0.9")
    admin.force_login(boss)
    admin.post("/admin/users/user/", {"action": "unlock", "_selected_action": [li.pk]})
    assert sign_in(type(client)(REMOTE_ADDR="10.0.0.9")).status_code == 302
