"""A tracked link counts, leads on, and says where somebody came from."""

import pytest

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_source
from marketing.factories import make_tracked_link
from sales.models import Lead

pytestmark = pytest.mark.django_db


def test_following_counts_people_and_programs_apart(visitor, keeper):
    link = make_tracked_link(owner=keeper, url="https://www.example.com/p?a=1&utm_medium=own", campaign="春季展")
    answer = visitor.get(f"/q/{link.code}/", headers={"user-agent": "Mozilla/5.0 (iPhone)"})
    assert answer.status_code == 302 and "no-store" in answer["Cache-Control"] and not answer.cookies
    assert answer["Location"].startswith("https://www.example.com/p?")
    assert "utm_campaign=%E6%98%A5%E5%AD%A3%E5%B1%95" in answer["Location"] and "utm_medium=own" in answer["Location"]
    visitor.get(f"/q/{link.code}/", headers={"user-agent": "WhateverBot/1.0"})
    visitor.head(f"/q/{link.code}/")
    day = link.days.get()
    assert (day.clicks, day.robots) == (1, 1)


def test_a_lead_by_a_poster_has_its_source(visitor, keeper, form, send):
    link = make_tracked_link(owner=keeper, url="", form=form, source=make_source("2026春季展"), campaign="A12展位")
    answer = visitor.get(f"/q/{link.code}/")
    assert answer["Location"].startswith(f"/f/{form.token}/?")  # our own pages, by the name that was called
    query = "?" + answer["Location"].partition("?")[2]
    send(form, query, name="王小川", mobile="13912345678")
    lead = Lead.objects.get()
    assert (lead.source.name, lead.first_channel, lead.first_campaign) == ("2026春季展", "qr", "A12展位")
    assert lead.first_source.name == "2026春季展"


@pytest.mark.parametrize("code", ["nothing", "a" * 500, "%00", "..%2F..", "%ED%A0%80"])
def test_an_unknown_link_is_not_there(visitor, code, db):
    assert visitor.get(f"/q/{code}/").status_code in {400, 404}


def test_a_closed_link_leads_nowhere(visitor, keeper):
    link = make_tracked_link(owner=keeper)
    link.active = False
    records.save(link, actor=Actor(keeper))
    assert visitor.get(f"/q/{link.code}/").status_code == 404


def test_the_qr_code_is_drawn_for_who_sees_the_link(client, rep, other, grant):
    link = make_tracked_link(owner=other)
    client.force_login(rep)
    assert client.get(f"/marketing/links/{link.pk}/qr.svg").status_code == 404
    grant(rep, "marketing.trackedlink", view=Scope.ALL)
    svg, png = (client.get(f"/marketing/links/{link.pk}/qr.{kind}") for kind in ("svg", "png"))
    assert b"<svg" in svg.content and svg["Content-Type"] == "image/svg+xml"
    assert png.content.startswith(b"\x89PNG")
    assert client.get(f"/marketing/links/{link.pk}/qr.exe").status_code == 404


def test_it_leads_to_one_place(client, keeper, grant, form):
    grant(keeper, "marketing.trackedlink", view=Scope.OWN, add=Scope.OWN)
    client.force_login(keeper)
    for given, status in (({}, 422), ({"form": form.pk, "url": "https://a.example"}, 422), ({"form": form.pk}, 302)):
        data = {"name": "海报", "channel": "qr", "active": "on", **given}
        assert client.post("/marketing/links/add/", data).status_code == status
