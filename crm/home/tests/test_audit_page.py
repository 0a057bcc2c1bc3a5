"""The audit page: both logs as one, filtered, exported, for those who may."""

from __future__ import annotations

import pytest
from django.utils import timezone

from crm.records import services
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.models import AuditEvent
from customers.factories import make_account
from sales.factories import make_lead

pytestmark = pytest.mark.django_db
URL = "/audit/"


@pytest.fixture
def past(rep, other):
    """Two leads, one seen, one deleted; an export; a failed sign-in."""
    first, second = make_lead(owner=rep, name="First"), make_lead(owner=other, name="Second")
    audit(rep, "viewed", entity="sales.lead", record_ids=[first.pk])
    audit(other, "exported", entity="sales.lead", count=2, format="csv")
    audit(None, "sign_in_failed", address="10.0.0.1", username="root")
    services.delete(second, actor=Actor(other, "request:x"))
    return first, second


def said(page):
    lines = page.context["lines"]
    return [(line.who, line.what, line.title) for line in lines if line.what != "signed in"]


def test_both_logs_as_one_newest_first(client, boss, rep, other, past):
    first, _second = past
    client.force_login(boss)
    found = said(client.get(URL))
    assert found[:4] == [  # the sign-in of who looks is left out
        ("陈立", "moved to the trash", "Second"),
        ("Nobody signed in", "failed to sign in", ""),
        ("陈立", "exported", ""),
        ("林晓", "saw", f"#{first.pk}"),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("what=viewed", ["saw"]),
        ("what=exported", ["exported"]),
        ("what=failed", ["failed to sign in"]),
        ("what=deleted", ["moved to the trash"]),
        ("what=viewed&last=2020-01-01", []),
    ],
)
def test_filters(client, boss, past, query, expected):
    client.force_login(boss)
    assert [what for _who, what, _title in said(client.get(f"{URL}?{query}"))] == expected


def test_by_person_record_and_day(client, boss, rep, other, past):
    first, second = past
    client.force_login(boss)
    assert {who for who, _what, _title in said(client.get(f"{URL}?person={other.pk}"))} == {"陈立"}
    page = client.get(f"{URL}?entity=sales.lead&record={first.pk}&first={timezone.localdate()}")
    assert {title for _who, _what, title in said(page)} == {"First", f"#{first.pk}"}
    assert client.get(f"{URL}?person=999999&record=x").status_code == 422
    assert second.pk


def test_pages_follow_each_other_without_gap_or_repetition(client, boss, rep, monkeypatch):
    monkeypatch.setattr("crm.home.auditing.PAGE", 3)
    for i in range(4):
        make_lead(owner=rep, name=f"L{i}")
        audit(rep, "viewed", entity="sales.lead", record_ids=[1000 + i])
    client.force_login(boss)
    seen, url = [], URL
    while url:
        page = client.get(url)
        seen += [title for _who, _what, title in said(page)]
        url = page.context["more"]
    assert sorted(t for t in seen if t.startswith("L")) == ["L0", "L1", "L2", "L3"]
    assert sorted(t for t in seen if t.startswith("#1")) == ["#1000", "#1001", "#1002", "#1003"]
    assert len(seen) == len(set(seen))


def test_the_export_is_neutral_and_noted(client, boss, past):
    make_lead(owner=boss, name="=HYPERLINK(1)")
    client.force_login(boss)
    answer = client.get(f"{URL}?what=changed&export=1")
    text = b"".join(answer.streaming_content).decode()
    assert "'=HYPERLINK(1)" in text and "First" in text
    assert AuditEvent.objects.filter(action="exported", entity="records.auditevent", user=boss).count() == 1


def test_only_who_may_read_the_log(client, rep, past):
    client.force_login(rep)
    assert client.get(URL).status_code == 403


def test_it_speaks_of_fields_by_their_names_and_says_how_long_it_is_kept(client, boss):
    client.force_login(boss)
    account = make_account(owner=boss)
    cell = f"/customers/accounts/{account.pk}/cell/annual_revenue/"
    assert client.post(cell, {"annual_revenue": "5", "version": account.version}).status_code == 200
    page = client.get("/audit/", {"what": "changed"}, headers={"accept-language": "en"}).content.decode()
    assert "Annual revenue" in page and "annual_revenue" not in page and ">request" not in page
    assert "Kept for 24 months." in page
