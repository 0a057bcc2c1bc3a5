"""The pages of one record through the front door: adding, editing, conflicts, duplicates, the trash, “why”."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import entity_of
from crm.entities.forms import entity_form
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import AuditEvent, Entry
from customers.factories import make_account, make_affiliation, make_contact
from customers.models import Account, AccountContact, Contact

pytestmark = pytest.mark.django_db


def page_of(record, view="record", *args):
    return entity_of(record).url(view, record.pk, *args)


def fields_of(user, record, posted, **changes):
    return posted(entity_form(bind(entity_of(record), user), instance=record), **changes)


def test_adding_saves_one_entry_and_offers_to_undo_it(sells, seller):
    answer = sells.post(reverse("entities:add", args=["customers", "accounts"]), {"name": "青岛海润水务", "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}, follow=True)  # fmt: skip
    account = Account.objects.get(name="青岛海润水务")
    entry = Entry.objects.get(entity="customers.account", record_id=account.pk)
    assert (account.owner, entry.kind, entry.actor) == (seller, "customers.account.created", seller)
    assert answer.redirect_chain == [(page_of(account), 302)]
    assert reverse("entities:undo_entry", args=[entry.pk]) in answer.content.decode()


def test_a_refused_form_keeps_what_was_typed(sells, account, seller, posted):
    data = fields_of(seller, account, posted, name="", website="https://kept.example")
    answer = sells.post(page_of(account, "edit"), data)
    assert answer.status_code == 422
    assert "https://kept.example" in answer.content.decode()
    account.refresh_from_db()
    assert account.name == "北辰重工集团有限公司"


def test_get_never_writes(sells, account):
    for view in ("record", "edit", "delete", "why", "timeline", "history", "tabs"):
        assert sells.get(page_of(account, view)).status_code == 200
    assert sells.get(page_of(account, "restore")).status_code == 405
    assert Entry.objects.count() == 1
    account.refresh_from_db()
    assert account.version == 1


def test_other_peoples_records_do_not_exist(client_of, account, other, grant):
    grant(other, "customers.account", view=Scope.OWN, change=Scope.OWN, delete=Scope.OWN)
    stranger = client_of(other)
    for view in ("record", "edit", "delete", "why", "timeline", "history", "tabs"):
        assert stranger.get(page_of(account, view)).status_code == 404
        assert stranger.get(page_of(Account(pk=10**9), view)).status_code == 404
    assert stranger.post(page_of(account, "delete")).status_code == 404
    account.refresh_from_db()
    assert account.deleted_at is None


def test_two_editors_both_keep_their_work(sells, seller, account, posted):
    mine = fields_of(seller, account, posted, phone="010-1111", employees="1300")
    theirs = Account.objects.get(pk=account.pk)
    theirs.phone, theirs.address = "010-2222", "天津市滨海新区"
    services.save(theirs, actor=Actor(seller))
    answer = sells.post(page_of(account, "edit"), mine)
    assert answer.status_code == 409
    sides = {side.field.name: side for side in answer.context["sides"]}
    assert {n: (s.base, s.mine, s.theirs, s.both, s.keep) for n, s in sides.items()} == {
        "phone": ("022-6530 1188", "010-1111", "010-2222", True, "mine"),
        "employees": ("1200", "1300", "1200", False, "mine"),
        "address": ("", "", "天津市滨海新区", False, "theirs"),
    }
    assert sides["phone"].by == seller
    again = {**mine, "version": theirs.version, "keep_phone": "theirs", "keep_address": "theirs"}
    assert sells.post(page_of(account, "edit"), again).status_code == 302
    account.refresh_from_db()
    assert (account.phone, account.address, account.employees) == ("010-2222", "天津市滨海新区", 1300)


def test_editing_what_went_to_the_trash_is_not_silent(sells, seller, account, posted):
    data = fields_of(seller, account, posted, employees="9")
    services.delete(account, actor=Actor(seller))
    assert sells.post(page_of(account, "edit"), data).status_code == 404


def test_a_look_alike_is_asked_about_once(sells, seller, account):
    data = {"name": "北辰重工集团有限公司", "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}
    url = reverse("entities:add", args=["customers", "accounts"])
    checked = sells.post(
        reverse("entities:check", args=["customers", "accounts"]), data, headers={"HX-Request": "true"}
    )
    assert checked.status_code == 200
    assert page_of(account) in checked.content.decode()
    assert "<html" not in checked.content.decode()
    asked = sells.post(url, data)
    assert asked.status_code == 422
    assert 'name="confirm"' in asked.content.decode()
    assert Account.objects.count() == 1
    assert sells.post(url, {**data, "confirm": "1"}).status_code == 302
    assert Account.objects.count() == 2


def test_a_look_alike_of_somebody_else_is_told_without_its_name(client_of, account, other, grant):
    grant(other, "customers.account", view=Scope.OWN, add=Scope.OWN)
    asked = client_of(other).post(
        reverse("entities:add", args=["customers", "accounts"]),
        {"name": "别的名字", "phone": account.phone, "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"},
    )
    assert asked.status_code == 422
    assert (len(asked.context["twins"].lines), asked.context["twins"].hidden) == (0, 1)
    assert account.name not in asked.content.decode()


def test_creating_in_place_hands_the_new_record_to_the_form_below(sells):
    url = reverse("entities:add", args=["customers", "accounts"]) + "?in_place=1&name=鲁能热电"
    shown = sells.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "鲁能热电" in shown
    assert "<html" not in shown
    made = sells.post(url, {"name": "鲁能热电", "kind": "prospect"}, headers={"HX-Request": "true"})
    assert made.status_code == 204
    account = Account.objects.get(name="鲁能热电")
    assert json.loads(made["HX-Trigger"]) == {"record-created": {"id": account.pk, "text": "鲁能热电"}}


@pytest.mark.parametrize("typed", ["13800138000", "+86 138-0013-8000", "0086 138 0013 8000", "１３８００１３８０００"])
def test_a_number_reads_alike_however_it_was_typed(sells, seller, typed):
    account = make_account(owner=seller, phone=typed)
    assert '<a href="tel:+8613800138000">138 0013 8000</a>' in sells.get(page_of(account)).content.decode()


def test_a_form_over_another_suggests_like_the_whole_one(sells, account):
    url = reverse("entities:add", args=["customers", "accounts"]) + "?in_place=1&name=x"
    shown = sells.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-post="/customers/accounts/check/?in_place=1" hx-target="this"' in shown
    assert 'hx-trigger="load delay' in shown  # what was typed before the dialog opened is judged at once
    assert 'for="in_place_name"' in shown and 'id="id_name"' not in shown
    typed = {"name": account.name, "website": "www.luneng-example.com"}
    told = sells.post("/customers/accounts/check/?in_place=1", typed, headers={"HX-Request": "true"})
    assert page_of(account) in told.content.decode()


def test_looking_is_audited_once_a_page(sells, seller, account):
    sells.get(page_of(account))
    sells.get(page_of(account) + "?tab=history", headers={"HX-Request": "true"})
    seen = AuditEvent.objects.get(action="viewed")
    assert (seen.user, seen.entity, seen.record_ids) == (seller, "customers.account", [account.pk])


def test_the_page_costs_few_queries_however_long_its_timeline(
    sells, seller, account, contact, django_assert_max_num_queries
):
    actor = Actor(seller)
    for n in range(200):
        subject = account if n % 2 else contact
        subject.description = f"{n}"
        services.save(subject, actor=actor)
    sells.get(page_of(account))
    with django_assert_max_num_queries(16):
        page = sells.get(page_of(account)).content.decode()
    assert page.count('id="entry-') == 20


def test_tabs_show_related_records_within_reach(sells, seller, other, account, contact):
    theirs = make_contact(name="别人的人", owner=other, account=account)
    html = sells.get(page_of(account) + "?tab=customers.contact").content.decode()
    assert contact.name in html
    assert theirs.name not in html
    assert f"account={account.pk}" in html
    tabs = sells.get(page_of(account, "tabs"), headers={"HX-Request": "true"})
    counts = {tab.name: tab.count for tab in tabs.context["tabs"]}
    assert counts["customers.contact"] == "1"
    assert sells.get(page_of(account) + "?tab=users.user").status_code == 404
    assert sells.get(page_of(account, "related", "customers.contact")).status_code == 200


def test_more_tabs_than_fit_a_line_fold_where_nothing_is_in_them(sells, account, contact, monkeypatch):
    monkeypatch.setattr("crm.entities.tabs.FRONT", 1)

    def folded(view="tabs", query=""):
        page = sells.get(page_of(account, view) + query, headers={"HX-Request": "true"})
        assert ('id="tabs-more"' in page.content.decode()) == page.context["folds"]
        return {tab.name for tab in page.context["tabs"] if tab.folded}

    empty = folded()
    assert {"timeline", "history", "customers.contact"} & empty == set()
    assert "sales.opportunity" in empty
    assert "sales.opportunity" not in folded("record", "?tab=sales.opportunity")
    monkeypatch.setattr("crm.entities.tabs.FRONT", 40)
    assert folded() == set()


def test_a_hidden_field_is_nowhere_on_the_page(sells, seller, account, field_rule):
    account.phone = "022-7777 8888"
    services.save(account, actor=Actor(seller))
    assert "7777" in sells.get(page_of(account)).content.decode()
    field_rule(seller, "customers.account", "phone", "hidden")
    for view in ("record", "history", "edit"):
        html = sells.get(page_of(account, view)).content.decode()
        assert "7777" not in html
        assert "6530" not in html
    field_rule(seller, "customers.account", "phone", "masked")
    html = sells.get(page_of(account)).content.decode() + sells.get(page_of(account, "edit")).content.decode()
    assert "7777" not in html
    assert "8888" in html


def test_deleting_names_what_goes_along_and_what_holds_back(sells, seller, other, account, contact, client_of):
    theirs = make_contact(name="秘密的人", owner=other, account=account)
    asked = sells.get(page_of(account, "delete")).content.decode()
    assert contact.name in asked
    assert theirs.name not in asked
    refused = sells.post(page_of(account, "delete"))
    assert refused.status_code == 409
    assert (contact.name in refused.content.decode(), refused.context["unseen"]) == (True, 1)
    account.refresh_from_db()
    assert account.deleted_at is None
    lonely = make_account(owner=seller)
    done = sells.post(page_of(lonely, "delete"), follow=True)
    assert "/undo/set/" in done.content.decode()
    lonely.refresh_from_db()
    assert lonely.deleted_at
    assert sells.get(page_of(lonely)).status_code == 404
    assert sells.post(page_of(lonely, "restore")).status_code == 302
    lonely.refresh_from_db()
    assert lonely.deleted_at is None


def test_deleting_takes_the_right_to_delete(client_of, other, grant):
    account = make_account(owner=other)
    grant(other, "customers.account", view=Scope.OWN, change=Scope.OWN)
    assert client_of(other).post(page_of(account, "delete")).status_code == 403
    account.refresh_from_db()
    assert account.deleted_at is None


def test_why_answers_for_oneself_and_for_anybody_to_those_who_keep_roles(
    sells, seller, other, boss, account, client_of
):
    html = sells.get(page_of(account, "why")).content.decode()
    assert "Test rep" in html
    theirs = make_account(owner=other)
    assert sells.get(page_of(theirs, "why")).status_code == 404
    assert sells.get(page_of(account, "why") + f"?user={boss.pk}").context["person"] == seller
    answer = client_of(boss).get(page_of(theirs, "why") + f"?user={seller.pk}")
    assert [explained.allowed for _label, explained in answer.context["answers"]] == [False] * 4


def test_people_are_suggested_by_name_and_pinyin_within_the_right_to_assign(sells, seller, other, grant):
    url = reverse("entities:link", args=["customers", "accounts", "owner"])
    assert [r["id"] for r in sells.get(url).json()["results"]] == [seller.pk]
    grant(seller, "customers.account", assign=Scope.ALL)
    assert [r["text"] for r in sells.get(url + "?q=cl").json()["results"]] == ["陈立"]
    assert [r["text"] for r in sells.get(url + "?q=陈").json()["results"]] == ["陈立"]
    assert sells.get(reverse("entities:link", args=["customers", "accounts", "created_by"])).status_code == 404


def test_a_contact_is_added_to_the_account_it_was_asked_for(sells, seller, account):
    url = reverse("entities:add", args=["customers", "contacts"]) + f"?account={account.pk}"
    assert account.name in sells.get(url).content.decode()
    typed = {"name": "孙倩", "account": str(account.pk), "birthday_calendar": "solar"}
    assert sells.post(url, typed).status_code == 302
    assert Contact.objects.get(name="孙倩").account == account


@pytest.mark.parametrize("junk", ["%00", "%ED%A0%80", "9" * 400, "%22%3E%3Cscript%3E", "-1", "1e9", "%E2%80%AE"])
def test_junk_in_an_address_is_never_an_error_of_ours(sells, account, junk):
    here = page_of(account)
    add = reverse("entities:add", args=["customers", "contacts"])
    link = reverse("entities:link", args=["customers", "accounts", "industry"])
    for url in (
        f"{here}?tab={junk}",
        f"{here}?group={junk}&before={junk}",
        f"{here}timeline/?before={junk}&group={junk}",
        f"{here}related/{junk}/",
        f"{here}why/?user={junk}",
        f"{here}do/{junk}/",
        f"{add}?account={junk}&name={junk}&owner={junk}&in_place={junk}",
        f"{link}?q={junk}",
        f"{here}?{junk}={junk}",
    ):
        assert sells.get(url).status_code in {200, 404}, url


def test_a_rival_who_takes_the_key_first_is_told_on_the_form(seller, account, contact):
    data = {"account": str(account.pk), "contact": str(contact.pk)}
    bound = bind(entity_of(AccountContact), seller)
    form = entity_form(bound, data, instance=bound.entity.new(seller, {}))
    assert form.is_valid(), form.errors
    make_affiliation(account, contact)
    assert not form.write(actor=Actor(seller))
    assert form.errors
    assert form.instance._state.adding
    again = entity_form(bound, data, instance=bound.entity.new(seller, {}))
    assert not again.is_valid()


def test_people_to_ask_about_are_told_to_those_who_keep_roles_only(sells, seller, boss, client_of):
    url = reverse("entities:people", args=["customers", "accounts"])
    assert sells.get(url).status_code == 403
    assert seller.pk in {r["id"] for r in client_of(boss).get(url + "?q=lx").json()["results"]}
