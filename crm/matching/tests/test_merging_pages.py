"""Merging through the front door: who may, what is shown, what is asked twice, and the way back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.access.models import Scope
from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
PAGE = "/merge/customers/accounts/"
EVERY = ("view", "change", "delete", "merge")


@pytest.fixture
def merger(client, make_user, grant):
    user = make_user("merger")
    for label in (LABEL, "customers.contact"):
        grant(user, label, **dict.fromkeys(EVERY, Scope.ALL))
    client.force_login(user)
    return user


@pytest.fixture
def pair(rep):
    return make_account(name="远山科技", owner=rep, phone="13800138000"), make_account(
        name="远山", owner=rep, website="https://y.example"
    )


def posted(stays, *others, **more):
    return {"id": [stays.pk, *(one.pk for one in others)], "winner": stays.pk, **more}


def test_the_page_shows_what_differs_first_and_suggests(client, merger, pair):
    stays, goes = pair
    page = client.get(PAGE, {"id": [stays.pk, goes.pk]})
    assert page.status_code == 200
    rows = page.context["sides"].rows
    assert [row.open for row in rows] == sorted((row.open for row in rows), reverse=True)
    by_name = {row.field.name: row for row in rows}
    assert [cell.suggested for cell in by_name["website"].cells] == [False, True]
    assert [cell.suggested for cell in by_name["phone"].cells] == [True, False]
    assert [cell.suggested for cell in by_name["name"].cells] == [False, True]  # the newer one
    text = page.content.decode()
    assert f'name="f-website" value="{goes.pk}" checked' in text
    assert 'name="f-kind"' not in text  # the same on both: nothing to choose


def test_taking_all_from_one_chooses_and_writes_nothing(client, merger, pair):
    stays, goes = pair
    page = client.post(PAGE, posted(stays, goes, take=stays.pk))
    assert f'name="f-website" value="{stays.pk}" checked' in page.content.decode()
    assert not MergeOperation.objects.exists()


def test_merged_undone_and_never_twice(client, merger, pair):
    stays, goes = pair
    make_contact(account=goes, owner=goes.owner)
    data = posted(stays, goes, **{"f-website": goes.pk, "f-name": stays.pk})
    for _twice in range(2):
        answer = client.post(PAGE, data)
        assert (answer.status_code, answer.url) == (302, f"/customers/accounts/{stays.pk}/")
    operation = MergeOperation.objects.get()
    stays.refresh_from_db()
    assert (stays.name, stays.website) == ("远山科技", "https://y.example")
    undo = reverse("matching:unmerge", args=[operation.pk])
    page = client.get(answer.url)
    assert f'action="{undo}"' in page.content.decode()  # the toast's
    for _twice in range(2):
        assert client.post(undo).status_code == 302
    stays.refresh_from_db(), goes.refresh_from_db()
    assert (stays.website, goes.deleted_at, Contact.objects.get().account_id) == ("", None, goes.pk)
    assert Entry.objects.filter(kind="matching.unmerged", record_id=stays.pk).count() == 1


def test_the_old_address_leads_on_as_far_as_one_may_see(client, merger, pair, make_user, grant):
    stays, goes = pair
    third = make_account(owner=stays.owner)
    client.post(PAGE, posted(stays, goes))
    client.post(PAGE, posted(third, stays))
    answer = client.get(f"/customers/accounts/{goes.pk}/")
    assert (answer.status_code, answer.url) == (302, f"/customers/accounts/{third.pk}/")
    stranger = make_user("stranger")
    grant(stranger, LABEL, view=Scope.OWN)
    client.force_login(stranger)
    assert client.get(f"/customers/accounts/{goes.pk}/").status_code == 404


def test_in_the_trash_it_says_where_it_went_and_does_not_come_back_alone(client, merger, pair):
    stays, goes = pair
    client.post(PAGE, posted(stays, goes))
    text = client.get("/customers/accounts/trash/").content.decode()
    assert "merged into" in text and f"/customers/accounts/{stays.pk}/?tab=history" in text
    client.post(f"/customers/accounts/{goes.pk}/restore/")
    assert Account.objects.get(pk=goes.pk).deleted_at is not None


def test_what_one_may_not_see_is_not_there(client, pair, make_user, grant, rep):
    stays, goes = pair
    hers = make_user("hers")
    grant(hers, LABEL, **dict.fromkeys(EVERY, Scope.OWN))
    own = make_account(owner=hers)
    client.force_login(hers)
    assert client.get(PAGE, {"id": [own.pk, goes.pk]}).status_code == 404
    assert client.post(PAGE, posted(own, goes)).status_code == 404
    assert client.get(PAGE, {"id": [own.pk, 999_999_999]}).status_code == 404
    grant(hers, LABEL, view=Scope.ALL)
    assert client.get(PAGE, {"id": [own.pk, goes.pk]}).status_code == 403
    assert client.post(PAGE, posted(own, goes)).status_code == 403
    assert not MergeOperation.objects.exists()


@pytest.mark.parametrize("lacking", ["change", "delete", "merge"])
def test_every_right_is_needed(client, merger, pair, grant, lacking):
    stays, goes = pair
    grant(merger, LABEL, **{lacking: Scope.NONE})
    assert client.post(PAGE, posted(stays, goes)).status_code == 403
    assert not MergeOperation.objects.exists()


def test_hidden_and_masked_values_are_neither_shown_nor_taken(client, merger, pair, field_rule, rep):
    stays, goes = pair
    goes.refresh_from_db()
    goes.tax_id, goes.phone = "CANARY12345", "13912345678"
    records.save(goes, actor=Actor(rep))
    field_rule(merger, LABEL, "tax_id", "hidden")
    field_rule(merger, LABEL, "phone", "masked")
    text = client.get(PAGE, {"id": [stays.pk, goes.pk]}).content.decode()
    assert "CANARY" not in text and "13912345678" not in text and "tax_id" not in text
    assert 'name="f-phone"' not in text and "keeps its own value" in text
    assert client.post(PAGE, posted(stays, goes, **{"f-tax_id": goes.pk})).status_code == 403
    assert client.post(PAGE, posted(stays, goes, **{"f-phone": goes.pk})).status_code == 403
    client.post(PAGE, posted(stays, goes))
    stays.refresh_from_db()
    assert (stays.tax_id, stays.phone) == ("", "13800138000")
    operation = client.get(reverse("matching:operation", args=[MergeOperation.objects.get().pk]))
    assert "CANARY" not in operation.content.decode()


def test_the_page_of_a_merge_says_what_was_taken_over(client, merger, pair):
    stays, goes = pair
    client.post(PAGE, posted(stays, goes, **{"f-website": goes.pk}))
    page = client.get(reverse("matching:operation", args=[MergeOperation.objects.get().pk])).content.decode()
    assert "https://y.example" in page


def test_somebody_changed_one_meanwhile(client, merger, pair, rep):
    stays, goes = pair
    data = posted(stays, goes, **{f"v-{stays.pk}": stays.version, f"v-{goes.pk}": goes.version})
    goes.refresh_from_db()
    goes.phone = "13700137000"
    records.save(goes, actor=Actor(rep))
    page = client.post(PAGE, data)
    assert page.status_code == 409
    assert f"?id={stays.pk}&amp;id={goes.pk}" in page.content.decode()
    assert not MergeOperation.objects.exists()


def test_what_is_merged_already_is_not_merged_elsewhere(client, merger, pair):
    stays, goes = pair
    third = make_account(owner=stays.owner)
    client.post(PAGE, posted(stays, goes))
    page = client.post(PAGE, posted(third, goes))
    assert (page.status_code, "has just been merged" in page.content.decode()) == (409, True)
    assert MergedRecord.objects.get().operation.record_id == stays.pk


def test_what_moved_on_is_listed_and_the_later_merge_named(client, merger, pair):
    stays, goes = pair
    third, away = make_account(owner=stays.owner), make_account(name="别处", owner=stays.owner)
    contact = make_contact(account=goes, owner=goes.owner, name="王芳")
    client.post(PAGE, posted(stays, goes, **{"f-website": goes.pk}))
    first = MergeOperation.objects.get()
    client.post(PAGE, posted(stays, third))
    second = MergeOperation.objects.latest("pk")
    refused = client.post(reverse("matching:unmerge", args=[first.pk]))
    assert refused.status_code == 409
    assert reverse("matching:operation", args=[second.pk]) in refused.content.decode()
    client.post(reverse("matching:unmerge", args=[second.pk]))
    contact.refresh_from_db(), stays.refresh_from_db()
    contact.account, stays.website = away, "https://later.example"
    records.save(contact, actor=Actor(merger)), records.save(stays, actor=Actor(merger))
    page = client.post(reverse("matching:unmerge", args=[first.pk]))
    text = page.content.decode()
    assert page.status_code == 200 and "王芳" in text and "Website" in text and "belongs elsewhere now" in text
    contact.refresh_from_db(), stays.refresh_from_db()
    assert (contact.account_id, stays.website) == (away.pk, "https://later.example")


def test_taking_back_needs_the_right(client, merger, pair, make_user, grant):
    stays, goes = pair
    client.post(PAGE, posted(stays, goes))
    reader = make_user("reader")
    grant(reader, LABEL, view=Scope.ALL)
    client.force_login(reader)
    operation = MergeOperation.objects.get()
    page = client.get(reverse("matching:operation", args=[operation.pk]))
    assert page.status_code == 200 and "Unmerge" not in page.content.decode()
    assert client.post(reverse("matching:unmerge", args=[operation.pk])).status_code == 403
    assert client.get(reverse("matching:unmerge", args=[operation.pk])).status_code == 405


def test_the_timeline_tells_the_past_of_both(client, merger, pair, rep):
    stays, goes = pair
    goes.refresh_from_db()
    goes.description = "只有它知道"
    records.save(goes, actor=Actor(rep))
    client.post(PAGE, posted(stays, goes))
    page = client.get(f"/customers/accounts/{stays.pk}/?tab=history").content.decode()
    assert "只有它知道" in page
    operation = MergeOperation.objects.get()
    assert reverse("matching:operation", args=[operation.pk]) in page
    assert f'action="{reverse("matching:unmerge", args=[operation.pk])}"' in page
    client.post(reverse("matching:unmerge", args=[MergeOperation.objects.get().pk]))
    assert "只有它知道" not in client.get(f"/customers/accounts/{stays.pk}/?tab=history").content.decode()


def test_one_entry_of_a_merge_is_not_undone_alone(client, merger, pair):
    stays, goes = pair
    make_contact(account=goes, owner=goes.owner)
    client.post(PAGE, posted(stays, goes))
    entry = Entry.objects.get(kind="matching.moved")
    assert client.post(f"/undo/entry/{entry.pk}/").status_code == 403
    assert client.post(f"/undo/set/{entry.change_set_id}/").status_code == 403
    assert Contact.objects.get().account_id == stays.pk


def test_from_a_selection_and_from_a_record(client, merger, pair):
    stays, goes = pair
    answer = client.post("/customers/accounts/bulk/do-merge/", {"selected": [stays.pk, goes.pk]})
    assert answer.url == f"{PAGE}?id={stays.pk}&id={goes.pk}"
    assert f'href="{PAGE}?id={stays.pk}"' in client.get(f"/customers/accounts/{stays.pk}/").content.decode()
    twin = make_account(name="远山科技有限公司", owner=stays.owner)
    page = client.get(PAGE, {"id": stays.pk}).content.decode()
    assert f'type="checkbox" name="id" value="{twin.pk}"' in page


def test_eleven_are_too_many(client, merger, rep):
    ids = [make_account(owner=rep).pk for _ in range(11)]
    page = client.get(PAGE, {"id": ids})
    assert page.status_code == 422 and "at most 10" in page.content.decode()
    assert client.post(PAGE, {"id": ids, "winner": ids[0]}).status_code == 422
    assert not MergeOperation.objects.exists()


def test_a_page_asks_for_merges_only_where_there_was_one(client, merger, pair):
    stays, goes = pair

    def asked():
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"/customers/accounts/{stays.pk}/").content.decode()
        return "do/unmerge" in page or "tab=history" in page, sum("matching_merge" in q["sql"] for q in queries)

    assert asked()[1] == 1  # with the record itself
    merge([stays, goes], stays, {}, actor=Actor(merger))
    offered, queries = asked()
    assert offered and queries == 3
    assert goes.name in client.get(f"/customers/accounts/{stays.pk}/").content.decode()


def test_moving_many_costs_what_moving_few_costs(merger, rep):
    counts = []
    for many in (60, 60, 120):  # the first one fills what the process keeps
        stays, goes = make_account(owner=rep), make_account(owner=rep)
        records.save_many([Contact(name=f"王{n}", account=goes, owner=rep) for n in range(many)], actor=Actor(rep))
        with CaptureQueriesContext(connection) as asked:
            operation = merge([stays, goes], stays, {}, actor=Actor(merger))
        with CaptureQueriesContext(connection) as back:
            unmerge(operation, actor=Actor(merger))
        counts.append((len(asked), len(back)))
    assert counts[1] == counts[2]
    assert counts[1][0] <= 150 and counts[1][1] <= 80
