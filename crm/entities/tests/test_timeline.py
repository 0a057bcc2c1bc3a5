"""What a timeline shows, to whom, and how it is read in pieces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import entity_of
from crm.entities.timeline import PAGE, Cursor, timeline
from crm.records import services
from crm.records.actor import Actor
from crm.records.log import link
from crm.records.models import Entry
from customers.factories import make_account, make_contact

pytestmark = pytest.mark.django_db


def lines(user, record, **options):
    return timeline(bind(entity_of(record), user), record, **options)


def old_entry(record, days: int) -> Entry:
    """An entry of days ago, as it would stand in an older partition."""
    entry = Entry.objects.create(
        at=timezone.now() - timedelta(days=days),
        kind="customers.account.changed",
        entity=record.entity_label(),
        record_id=record.pk,
        title=str(record),
    )
    link([entry], [[record]])
    return entry


def test_every_entry_shows_once_newest_first_over_all_pages(seller, account):
    ages = [0, 1, 20, 30, 31, 32, 40, 91, 92, 93, 200, 366, 367, 400, 2000]
    made = [old_entry(account, days).pk for days in ages]
    found, cursor = [], None
    while True:
        page = lines(seller, account, before=cursor, size=4)
        found += [line.entry.pk for line in page.lines]
        if page.next is None:
            break
        cursor = Cursor.read(str(page.next))
    assert [pk for pk in found if pk in made] == made
    assert len(found) == len(set(found)) == len(made) + 1


def test_many_entries_of_the_same_moment_are_paged_by_id(seller, account):
    at = timezone.now()
    entries = [
        Entry.objects.create(at=at, kind="x.changed", entity=account.entity_label(), record_id=account.pk, title="x")
        for _n in range(75)
    ]
    link(entries, [[account]] * 75)
    found, cursor = [], None
    while True:
        page = lines(seller, account, before=cursor)
        found += [line.entry.pk for line in page.lines]
        cursor = page.next
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 76


def test_entries_about_records_out_of_reach_are_left_out(seller, other, account, boss):
    make_contact(name="别人的", owner=other, account=account)
    make_contact(name="我的", owner=seller, account=account)
    assert {line.entry.title for line in lines(seller, account).lines} == {"我的", account.name}
    assert {line.entry.title for line in lines(boss, account).lines} == {"我的", "别人的", account.name}


def test_a_page_goes_on_past_what_may_not_be_seen(seller, other, account):
    contact = make_contact(owner=other, account=account)
    for n in range(40):
        contact.job_title = f"{n}"
        services.save(contact, actor=Actor(other))
    page = lines(seller, account, size=5)
    assert [line.entry.title for line in page.lines] == [account.name]


def test_hidden_fields_are_left_out_and_masked_ones_masked(seller, account, field_rule):
    account.phone, account.employees = "022-7777 8888", 7
    services.save(account, actor=Actor(seller))
    field_rule(seller, "customers.account", "phone", "masked")
    changes = {c.name: (c.old, c.new) for c in lines(seller, account).lines[0].changes}
    assert changes["employees"] == ("1200", "7")
    assert "7777" not in changes["phone"][1]
    field_rule(seller, "customers.account", "phone", "hidden")
    assert [c.name for c in lines(seller, account).lines[0].changes] == ["employees"]


def test_links_are_told_by_name_only_within_reach(seller, other, account):
    mine, theirs = make_account(name="我的集团", owner=seller), make_account(name="别人的集团", owner=other)
    for parent in (mine, theirs):
        account.parent = parent
        services.save(account, actor=Actor(seller))
    newest, before = lines(seller, account, own=True).lines[:2]
    assert [(c.old, c.new) for c in newest.changes] == [("我的集团", "•••")]
    assert [(c.old, c.new) for c in before.changes] == [("", "我的集团")]


def test_a_history_tells_of_the_record_itself_only(seller, account):
    make_contact(owner=seller, account=account)
    assert len(lines(seller, account).lines) == 2
    assert [line.entry.title for line in lines(seller, account, own=True).lines] == [account.name]


def test_groups_divide_the_entries(seller, account):
    services.log(account, "sales.opportunity.won", actor=Actor(seller))
    kinds = {line.entry.kind for line in lines(seller, account, group="changes").lines}
    assert kinds == {"customers.account.created"}
    assert [line.entry.kind for line in lines(seller, account, group="sales").lines] == ["sales.opportunity.won"]
    assert len(lines(seller, account, group="nonsense").lines) == 2


@pytest.mark.parametrize("text", ["", "~", "x~1", "2026-01-01~1", "0001-01-01T00:00:00+00:00~1", "2026-01-01T00:00:00+00:00~9" + "9" * 30, "\x00"])  # fmt: skip
def test_a_garbled_cursor_is_none(text):
    assert Cursor.read(text) is None


def test_queries_do_not_grow_with_the_entries(seller, account, django_assert_max_num_queries):
    contacts = [make_contact(owner=seller, account=account) for _n in range(20)]
    for contact in contacts:
        contact.decision_role = "decider"
        services.save(contact, actor=Actor(seller))
    lines(seller, account)
    with django_assert_max_num_queries(5):
        assert len(lines(seller, account).lines) == PAGE


def test_the_timeline_of_a_record_one_may_not_see_is_no_page(sells, other):
    account = make_account(owner=other)
    assert sells.get(entity_of(account).url("timeline", account.pk)).status_code == 404


def test_more_comes_as_list_items(sells, seller, account):
    for n in range(PAGE + 10):
        account.employees = n
        services.save(account, actor=Actor(seller))
    page = sells.get(entity_of(account).url("record", account.pk))
    more = (
        entity_of(account).url("timeline", account.pk) + f"?before={str(page.context['page'].next).replace('+', '%2B')}"
    )
    html = sells.get(more, headers={"HX-Request": "true"}).content.decode()
    assert html.count('<li id="entry-') == 11
    assert "<html" not in html


def test_grants_of_the_subject_decide_not_those_of_the_page(seller, account, grant):
    make_contact(owner=seller, account=account)
    grant(seller, "customers.contact", view=Scope.NONE)
    assert [line.entry.entity for line in lines(seller, account).lines] == ["customers.account"]


def test_what_lies_in_the_trash_leads_there_and_never_to_a_missing_page(client, seller, other, account, grant):
    contact = make_contact(name="王芳", owner=seller, account=account)
    services.delete(contact, actor=Actor(seller))
    grant(seller, "customers.contact", view=Scope.OWN, delete=Scope.OWN)
    url, page = entity_of(contact).url("record", contact.pk), entity_of(account).url("record", account.pk)
    trash = entity_of(contact).url("trash")
    client.force_login(seller)
    shown = client.get(page).content.decode()
    assert "王芳" in shown and "(in the trash)" in shown
    assert (f'href="{url}"' in shown, f'href="{trash}"' in shown) == (False, True)
    grant(seller, "customers.contact", view=Scope.OWN, delete=Scope.NONE)
    shown = client.get(page).content.decode()
    assert "(in the trash)" in shown
    assert (f'href="{url}"' in shown, f'href="{trash}"' in shown) == (False, False)


def test_no_line_of_a_timeline_leads_to_a_missing_page(client, seller, account, grant):
    grant(seller, "customers.contact", view=Scope.OWN, delete=Scope.OWN, change=Scope.OWN)
    kept, gone = (make_contact(owner=seller, account=account) for _n in range(2))
    services.delete(gone, actor=Actor(seller))
    client.force_login(seller)
    places = {line.place for line in lines(seller, account).lines}
    addresses = {p.url for p in places} | {p.trash_url for p in places}
    assert entity_of(kept).url("record", kept.pk) in addresses
    assert [client.get(url).status_code for url in addresses if url] == [200] * (len(addresses) - 1)
