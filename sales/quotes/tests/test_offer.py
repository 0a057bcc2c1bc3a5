"""The customer's page of a quote, and attacks on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.access.models import Scope
from crm.documents import printing
from crm.notifications.models import Notification
from crm.records.actor import Actor
from crm.records.models import Entry
from sales.quotes import public, services
from sales.quotes.answering import fingerprint
from sales.quotes.factories import make_quote
from sales.quotes.links import SALT, token_of
from sales.quotes.models import Quote

pytestmark = pytest.mark.django_db


def signed(value, salt):
    return signing.Signer(salt=salt).sign_object(value)


def offered(owner, **values):
    lines = [{"unit_price": Decimal(1000)}, {"unit_price": Decimal(500), "optional": True, "name": "延保"}]
    quote = make_quote(owner=owner, lines=lines, **values)
    services.submit_quote(quote, actor=Actor(owner))
    return Quote.objects.get(pk=services.hand_over(quote, actor=Actor(owner)).pk)


@pytest.fixture(autouse=True)
def sees(rep, grant):
    """Who may not see a quote is told nothing of it."""
    grant(rep, "quotes.quote", view=Scope.OWN)


@pytest.fixture
def quote(rep):
    return offered(rep)


def address(quote):
    return reverse("quotes:offer", args=[token_of(quote)])


def answer(client, quote, **data):
    return client.post(address(quote), {"shown": fingerprint(quote), **data})


def fresh(quote):
    return Quote.objects.get(pk=quote.pk)


def test_reading_counts_and_tells_once(client, quote, rep):
    for _time in range(3):
        page = client.get(address(quote))
        assert page.status_code == 200
        assert "¥1,000.00" in page.content.decode()
    assert fresh(quote).opened_count == 3
    assert fresh(quote).version == quote.version
    assert Notification.objects.filter(user=rep, kind="quote_opened").count() == 1


def test_accepting_with_a_choice_keeps_proof(client, quote, rep):
    option = quote.lines.get(optional=True)
    looked = client.post(address(quote), {"do": "choose", "chosen": option.pk})
    assert "¥1,500.00" in looked.content.decode()
    assert fresh(quote).total == 1000, "looking changes nothing"
    assert answer(client, quote, do="accept", chosen=option.pk).status_code == 422
    done = answer(client, quote, do="accept", chosen=option.pk, name="王建国")
    assert done.status_code == 303
    kept = fresh(quote)
    assert (kept.state, kept.total, kept.signed_name) == ("accepted", Decimal(1500), "王建国")
    assert kept.proof["total"] == "1500.00"
    assert kept.proof["address"] == "127.0.0.1"
    assert kept.proof["content"] == fingerprint(quote)
    assert Entry.objects.filter(kind="quotes.quote.accepted", record_id=quote.pk).count() == 1
    assert answer(client, quote, do="decline", reason="x").status_code == 409
    assert fresh(quote).state == "accepted"


def test_declining_and_asking(client, quote, rep):
    assert answer(client, quote, do="ask", question="能便宜点吗？<script>", name="王").status_code == 303
    assert Notification.objects.filter(user=rep, kind="quote_asked").count() == 1
    assert Entry.objects.get(kind="quotes.quote.asked").data["said"] == "能便宜点吗？<script>"
    assert answer(client, quote, do="decline").status_code == 422
    assert answer(client, quote, do="decline", reason="预算不够").status_code == 303
    assert (fresh(quote).state, fresh(quote).answer) == ("rejected", "预算不够")


def test_too_many_questions(client, quote):
    codes = [answer(client, quote, do="ask", question=f"问题 {n}").status_code for n in range(12)]
    assert codes == [303] * 10 + [429] * 2


def test_tokens_are_for_one_quote_and_one_purpose(client, quote, rep):
    other = offered(rep)
    bad = [
        token_of(quote)[:-1] + ("A" if token_of(quote)[-1] != "A" else "B"),
        signed([other.pk, quote.link_key], salt=SALT),
        signed([quote.pk, quote.link_key], salt="partners.link"),
        signed([quote.pk, ""], salt=SALT),
        signed({"a": 1}, salt=SALT),
        signed(["x", "y"], salt=SALT),
        "x",
    ]
    assert [client.get(reverse("quotes:offer", args=[token])).status_code for token in bad] == [404] * len(bad)
    assert [client.post(reverse("quotes:offer", args=[token]), {"do": "accept"}).status_code for token in bad] == [
        404
    ] * 7


def test_lines_of_another_quote_are_not_chosen(client, quote, rep):
    strange = offered(rep).lines.get(optional=True)
    answer(client, quote, do="accept", name="王", chosen=[strange.pk, "NaN", "9" * 50, "-1"])
    assert fresh(quote).total == 1000
    strange.refresh_from_db()
    assert not strange.chosen


def test_what_is_over_says_so(client, quote, rep):
    Quote.objects.filter(pk=quote.pk).update(valid_until=timezone.localdate() - timedelta(days=1))
    page = client.get(address(quote))
    assert page.status_code == 200
    assert 'value="accept"' not in page.content.decode()
    assert answer(client, fresh(quote), do="accept", name="王").status_code == 409
    Quote.objects.filter(pk=quote.pk).update(valid_until=None)
    services.new_version(fresh(quote), actor=Actor(rep))
    assert answer(client, fresh(quote), do="accept", name="王").status_code == 409
    assert fresh(quote).state == "superseded"


def test_what_was_not_read_is_not_agreed_to(client, quote):
    assert client.post(address(quote), {"do": "accept", "name": "王", "shown": "0" * 64}).status_code == 409
    assert fresh(quote).state == "sent"


@pytest.mark.parametrize(
    "name", ["\x00", "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "x" * 100_000, "  "]
)
def test_hostile_names(client, quote, name):
    assert answer(client, quote, do="accept", name=name).status_code in {303, 422}
    assert len(fresh(quote).signed_name) <= 200


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_at_once_accept_once(rep):
    quote = offered(rep)
    option = quote.lines.get(optional=True)
    shown = fingerprint(quote)

    def press(_number: int) -> int:
        try:
            data = {"do": "accept", "name": "王", "chosen": option.pk, "shown": shown}
            return Client().post(address(quote), data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(press, range(20))) == {303}
    assert Entry.objects.filter(kind="quotes.quote.accepted", record_id=quote.pk).count() == 1
    assert (fresh(quote).state, fresh(quote).total) == ("accepted", Decimal(1500))
    assert Notification.objects.filter(kind="quote_answered").count() == 1


def test_its_pdf_is_printed_once_until_it_says_something_else(client, quote, monkeypatch):
    cache.clear()
    printed = []
    run = printing.subprocess.run
    monkeypatch.setattr(printing.subprocess, "run", lambda *args, **more: printed.append(1) or run(*args, **more))
    url = reverse("quotes:offer_pdf", args=[token_of(quote)])
    found = {client.get(url).content[:5] for _time in range(3)}
    assert (found, len(printed)) == ({b"%PDF-"}, 1)
    Quote.objects.filter(pk=quote.pk).update(title="另一份报价")
    client.get(url)
    assert len(printed) == 2


def test_one_address_prints_only_so_often(client, quote, monkeypatch):
    cache.clear()
    monkeypatch.setattr(public, "MOST", 2)
    url = reverse("quotes:offer_pdf", args=[token_of(quote)])
    assert [client.get(url).status_code for _time in range(4)] == [200, 200, 429, 429]
    assert client.get(url, REMOTE_ADDR="203.0.113.9").status_code == 200
    cache.clear()
