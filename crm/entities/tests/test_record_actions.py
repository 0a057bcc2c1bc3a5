"""Performing verbs: asked for, refused with the reason, done once."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.entities.entity import entity_of
from crm.records import services
from crm.records.actor import Actor
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(seller):
    return make_opportunity(owner=seller, name="泵站改造二期", amount="960000")


def do(record, name):
    return entity_of(record).url("action", record.pk, name)


def test_a_verb_asks_in_a_dialog_or_on_a_page(sells, deal):
    page = sells.get(do(deal, "win")).content.decode()
    dialog = sells.get(do(deal, "win"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" in page
    assert "<html" not in dialog
    assert 'name="amount"' in page
    assert 'name="amount"' in dialog


def test_a_verb_is_done_once_and_can_be_undone(sells, deal):
    data = {"amount": "98万", "close_date": "2026-11-20", "version": str(deal.version)}
    done = sells.post(do(deal, "win"), data, follow=True)
    deal.refresh_from_db()
    assert (deal.state, str(deal.amount)) == ("won", "980000.00")
    assert "/undo/" in done.content.decode()
    assert sells.post(do(deal, "win"), data).status_code == 409
    assert sells.post(do(deal, "win"), {"amount": "1"}).status_code == 409


def test_htmx_is_sent_on(sells, deal):
    done = sells.post(do(deal, "win"), {"amount": "1", "version": deal.version}, headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Redirect"]) == (204, entity_of(deal).url("record", deal.pk))


def test_a_wrong_answer_is_422_and_changes_nothing(sells, deal):
    for data in ({"loss_reason": "999999"}, {"loss_reason": ""}, {"loss_reason": "\x00"}):
        assert sells.post(do(deal, "lose"), data).status_code == 422
    deal.refresh_from_db()
    assert deal.state == "open"


def test_a_verb_on_what_changed_meanwhile_is_409(sells, seller, deal):
    stale = deal.version
    deal.next_step = "报价"
    services.save(deal, actor=Actor(seller))
    assert sells.post(do(deal, "win"), {"amount": "1", "version": str(stale)}).status_code == 409
    deal.refresh_from_db()
    assert deal.state == "open"


def test_a_verb_takes_its_permission_on_this_record(client_of, other, deal, grant):
    grant(other, "sales.opportunity", view=Scope.ALL, change=Scope.OWN)
    browser = client_of(other)
    assert browser.get(do(deal, "win")).status_code == 403
    assert browser.post(do(deal, "win"), {"amount": "1"}).status_code == 403
    assert do(deal, "win") not in browser.get(entity_of(deal).url("record", deal.pk)).content.decode()
    deal.refresh_from_db()
    assert deal.state == "open"


def test_unknown_verbs_and_records_out_of_reach_do_not_exist(sells, other, deal):
    theirs = make_opportunity(owner=other)
    assert sells.get(do(deal, "explode")).status_code == 404
    assert sells.post(do(theirs, "win"), {"amount": "1"}).status_code == 404


def test_only_verbs_that_fit_are_shown(sells, seller, deal):
    page = sells.get(entity_of(deal).url("record", deal.pk)).content.decode()
    assert do(deal, "win") in page
    assert do(deal, "reopen") not in page
