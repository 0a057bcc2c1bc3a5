"""An administrator sees the program with somebody else's rights, changes nothing, and reads no private mail or note."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.activities.services import add_follow_up
from crm.records.actor import Actor
from crm.records.models import AuditEvent
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads(rep, other, grant):
    grant(rep, "sales.lead", view=Scope.OWN, change=Scope.OWN)
    return make_lead(owner=rep, name="Mine"), make_lead(owner=other, name="Others")


def test_the_administrator_sees_what_the_person_sees(client, boss, rep, leads):
    mine, others = leads
    client.force_login(boss)
    assert client.get(f"/sales/leads/{others.pk}/").status_code == 200
    client.post(f"/seen-as/{rep.pk}/")
    assert client.get(f"/sales/leads/{others.pk}/").status_code == 404
    page = client.get(f"/sales/leads/{mine.pk}/")
    assert page.status_code == 200 and "You see the program as 林晓 does" in page.content.decode()
    assert AuditEvent.objects.get(action="seen_as").user == boss
    client.post("/seen-as/stop/")
    assert client.get(f"/sales/leads/{others.pk}/").status_code == 200


def test_nothing_is_changed_and_nothing_private_is_shown(client, boss, rep, leads):
    mine, _others = leads
    add_follow_up(mine, kind="note", text="只有我知道", actor=Actor(rep, "test"))
    client.force_login(boss)
    client.post(f"/seen-as/{rep.pk}/")
    assert client.post(f"/sales/leads/{mine.pk}/edit/", {"name": "Changed", "version": mine.version}).status_code == 403
    assert Lead.objects.get(pk=mine.pk).name == "Mine"
    for private in ("/profile/", "/admin/", "/notifications/"):
        assert client.get(private).status_code == 403, private
    assert "只有我知道" not in client.get("/activities/follow-ups/").content.decode()


def test_numbers_that_pages_ask_for_by_themselves_are_empty_and_no_error(client, boss, rep):
    client.force_login(boss)
    client.post(f"/seen-as/{rep.pk}/")
    answers = [client.get(url) for url in ("/approvals/count/", "/notifications/count/")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert client.get("/approvals/").status_code == 403


def test_only_administrators_preview(client, rep, other, leads):
    client.force_login(rep)
    assert client.post(f"/seen-as/{other.pk}/").status_code == 403
    session = client.session
    session["seen_as"] = other.pk
    session.save()
    assert client.get(f"/sales/leads/{leads[0].pk}/").status_code == 200
