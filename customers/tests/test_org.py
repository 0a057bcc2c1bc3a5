"""Who reports to whom: no circles whoever writes at once, moved by drag or form, and nobody out of reach is told of."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_account, make_affiliation, make_contact, make_tie
from customers.models import Account, AccountRelation, Contact
from customers.structure.org import move_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(rep, grant):
    grant(rep, "customers.account", view=Scope.OWN, change=Scope.OWN, add=Scope.OWN)
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN, add=Scope.OWN)
    grant(rep, "customers.accountcontact", view=Scope.OWN)
    grant(rep, "customers.accountrelation", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    grant(rep, "customers.contactrelation", view=Scope.OWN)
    return rep


def org(client, account):
    response = client.get(f"/customers/accounts/{account.pk}/?tab=org", headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def test_a_line_never_leads_round_in_a_circle(rep):
    first, second, third = (make_contact(owner=rep) for _ in range(3))
    move_line(second, first, actor=Actor(rep))
    move_line(third, second, actor=Actor(rep))
    with override("en"), pytest.raises(ValidationError) as refused:
        move_line(first, third, actor=Actor(rep))
    assert "below them" in str(refused.value)
    assert Contact.objects.get(pk=first.pk).reports_to is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=first.pk).update(reports_to=third)


def test_a_company_never_lies_below_itself(rep):
    top, middle = make_account(owner=rep), make_account(owner=rep)
    middle.parent = top
    records.save(middle, actor=Actor(rep))
    top.parent = middle
    with pytest.raises(IntegrityError), transaction.atomic():
        records.save(top, actor=Actor(rep))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_close_no_circle(rep):
    first, second = make_contact(owner=rep), make_contact(owner=rep)
    began, outcome = threading.Barrier(2), []

    def move(person, above):
        began.wait()
        try:
            move_line(Contact.objects.get(pk=person), Contact.objects.get(pk=above), actor=Actor(rep))
            outcome.append("moved")
        except ValidationError:
            outcome.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in ((first.pk, second.pk), (second.pk, first.pk))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["moved", "refused"]


def test_the_chart_shows_lines_and_moves_them(client, seller):
    account = make_account(owner=seller)
    boss = make_contact(account=account, owner=seller, name="周总")
    person = make_contact(account=account, owner=seller, name="何工")
    client.force_login(seller)
    page = org(client, account)
    assert page.index("周总") and page.index("何工") and 'draggable="true"' in page
    url = f"/customers/org/{account.pk}/{person.pk}/"
    dialog = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "周总" in dialog and f'value="{person.pk}"' not in dialog
    answer = client.post(
        url, {"under": boss.pk, "version": person.version, "drag": "1"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200 and "undo_url" in answer["HX-Trigger"]
    person.refresh_from_db()
    assert person.reports_to == boss
    entry = Entry.objects.get(kind="customers.contact.line_moved")
    assert entry.changes == {"reports_to": [None, boss.pk]}
    # stale: somebody moved it meanwhile
    stale = client.post(url, {"under": "", "version": person.version - 1, "drag": "1"}, headers={"HX-Request": "true"})
    assert stale.status_code == 409
    person.refresh_from_db()
    assert person.reports_to == boss
    # and back by undo
    client.post(f"/undo/entry/{entry.pk}/")
    person.refresh_from_db()
    assert person.reports_to is None


def test_nobody_is_put_below_their_own_people(client, seller):
    account = make_account(owner=seller)
    boss = make_contact(account=account, owner=seller)
    person = make_contact(account=account, owner=seller, reports_to=boss)
    client.force_login(seller)
    answer = client.post(f"/customers/org/{account.pk}/{boss.pk}/", {"under": person.pk, "version": boss.version})
    assert answer.status_code == 422
    boss.refresh_from_db()
    assert boss.reports_to is None


def test_who_is_out_of_reach_is_not_there_nor_a_gap(client, seller, other):
    account = make_account(owner=seller)
    hidden = make_contact(account=account, owner=other, name="金丝雀")
    person = make_contact(account=account, owner=seller, name="何工", reports_to=hidden)
    client.force_login(seller)
    for url in (
        f"/customers/accounts/{account.pk}/?tab=org",
        f"/customers/contacts/{person.pk}/?tab=relations",
        f"/customers/contacts/{person.pk}/",
        f"/customers/contacts/{person.pk}/?tab=history",
        f"/customers/contacts/{person.pk}/edit/",
        f"/customers/org/{account.pk}/{person.pk}/",
    ):
        page = client.get(url).content.decode()
        assert "何工" in page and "金丝雀" not in page and "•••" not in page, url
    answer = client.post(f"/customers/org/{account.pk}/{person.pk}/", {"under": hidden.pk, "version": person.version})
    assert answer.status_code == 422
    assert client.get(f"/customers/org/{account.pk}/{hidden.pk}/").status_code == 404


def test_who_may_not_change_people_moves_nobody(client, rep, grant):
    grant(rep, "customers.account", view=Scope.OWN)
    grant(rep, "customers.contact", view=Scope.OWN)
    account = make_account(owner=rep)
    person = make_contact(account=account, owner=rep)
    client.force_login(rep)
    assert "data-line-url" not in org(client, account)
    assert client.post(f"/customers/org/{account.pk}/{person.pk}/", {"under": ""}).status_code == 403


def test_people_with_a_further_job_stand_in_the_chart(client, seller):
    account, elsewhere = make_account(owner=seller), make_account(owner=seller)
    guest = make_contact(account=elsewhere, owner=seller, name="顾问张")
    make_affiliation(account, guest)
    client.force_login(seller)
    assert "顾问张" in org(client, account)


def test_a_group_is_shown_from_its_top_with_what_can_be_seen(client, seller, other):
    top = make_account(owner=seller, name="甲集团")
    here = make_account(owner=seller, name="乙公司", parent=top)
    make_account(owner=other, name="金丝雀公司", parent=top)
    below = make_account(owner=seller, name="丙公司", parent=here)
    client.force_login(seller)
    page = client.get(f"/customers/accounts/{here.pk}/?tab=relations").content.decode()
    assert [name in page for name in ("甲集团", "丙公司", "金丝雀公司")] == [True, True, False]
    assert "3 companies" in page
    Account.objects.filter(pk=top.pk).update(owner=other)
    page = client.get(f"/customers/accounts/{below.pk}/?tab=relations").content.decode()
    assert "2 companies" in page and "甲集团" not in page


def test_a_tie_shows_on_both_sides_by_its_two_names(client, seller, other):
    maker, agent = make_account(owner=seller, name="制造厂"), make_account(owner=seller, name="代理行")
    make_tie(maker, agent, "代理商", "委托方")
    make_tie(maker, make_account(owner=other, name="金丝雀公司"), "竞争对手")
    client.force_login(seller)
    there = client.get(f"/customers/accounts/{maker.pk}/?tab=relations").content.decode()
    assert "代理商" in there and "代理行" in there and "金丝雀公司" not in there and "竞争对手" not in there
    back = client.get(f"/customers/accounts/{agent.pk}/?tab=relations").content.decode()
    assert "委托方" in back and "制造厂" in back
    rows = client.get("/customers/accountrelations/").context["page"].records
    assert len(rows) == 1


def test_two_are_tied_once_whichever_side_notes_it(client, seller):
    first, second = make_account(owner=seller), make_account(owner=seller)
    tie = make_tie(first, second, "竞争对手")
    client.force_login(seller)
    url = "/customers/accountrelations/add/"
    data = {"account": second.pk, "other": first.pk, "type": tie.type_id, "owner": seller.pk}
    answer = client.post(url, data)
    assert answer.status_code == 422 and "tied like that already" in answer.content.decode()
    own = client.post(url, data | {"other": second.pk})
    assert own.status_code == 422 and AccountRelation.objects.count() == 1
    records.delete(tie, actor=Actor(seller))
    assert client.post(url, data).status_code == 302
