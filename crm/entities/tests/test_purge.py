"""Out of the trash for good: who may, what goes, what holds a record back, and what the log keeps."""

from __future__ import annotations

import json

import pytest

from crm.access.models import RecordShare, Scope
from crm.activities.models import FollowUp, Task
from crm.activities.services import add_follow_up, add_task
from crm.entities.bound import bind
from crm.entities.entity import entity_of
from crm.entities.timeline import timeline
from crm.files.models import StoredFile
from crm.files.services import store_content
from crm.matching.models import MatchKey
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry, Outgoing
from crm.records.purge import purge
from crm.search.models import SearchRow
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db
URL, TRASH = "/customers/accounts/purge/", "/customers/accounts/trash/"
SECRET = "绝密水务集团"


@pytest.fixture
def purger(seller, grant):
    grant(seller, "customers.account", purge=Scope.OWN)
    grant(seller, "customers.contact", purge=Scope.OWN)
    return seller


@pytest.fixture
def gone(seller):
    """An account in the trash, of which there is much to forget."""
    actor = Actor(seller)
    account = make_account(name=SECRET, owner=seller, phone="022-6530 1188", employees=5)
    account.phone = "022-1111 2222"
    services.save(account, actor=actor)
    add_follow_up(account, kind="call", text="绝密水务要降价", actor=actor)
    add_task(account, subject="绝密水务回电", actor=actor)
    Outgoing.objects.create(
        kind="mail", key="1", entity="customers.account", record_id=account.pk, payload={"to": SECRET}
    )
    store_content(b"x", "绝密.txt", record=account, actor=actor)
    RecordShare.objects.create(entity="customers.account", record_id=account.pk, user=seller)
    services.delete(account, actor=actor)
    return account


def remove(client, *records, **data):
    return client.post(URL, {"id": [record.pk for record in records], "sure": "yes", **data})


def everything_kept():
    """Whatever the log, the sets and the index still say."""
    rows = [list(model.objects.values()) for model in (Entry, ChangeSet, SearchRow, MatchKey, Outgoing)]
    return json.dumps(rows, default=str, ensure_ascii=False)


def test_it_takes_a_right_of_its_own(client_of, seller, gone):
    client = client_of(seller)
    assert remove(client, gone).status_code == 403
    assert "purge" not in client.get(TRASH).content.decode()
    assert Account.objects.filter(pk=gone.pk).exists()


def test_only_within_reach_and_only_out_of_the_trash(client_of, purger, other, account):
    theirs = make_account(owner=other)
    services.delete(theirs, actor=Actor(other))
    remove(client_of(purger), theirs, account)
    assert set(Account.objects.values_list("pk", flat=True)) >= {theirs.pk, account.pk}


def test_it_asks_first(client_of, purger, gone):
    client = client_of(purger)
    assert f'value="{gone.pk}" form="purge"' in client.get(TRASH).content.decode()
    page = client.post(URL, {"id": gone.pk})
    assert (page.status_code, SECRET in page.content.decode()) == (200, True)
    assert Account.objects.filter(pk=gone.pk).exists()
    assert client.get(URL).status_code == 405


def test_it_goes_with_what_belongs_to_it_and_leaves_no_values(client_of, purger, gone):
    old = Entry.objects.get(kind="customers.account.changed")
    assert old.changes["phone"] == ["022-6530 1188", "022-1111 2222"]
    answer = remove(client_of(purger), gone)
    assert (answer.status_code, answer.url) == (302, TRASH)
    assert not Account.objects.exists()
    assert not StoredFile.objects.exists()
    assert not (Task.objects.exists() or FollowUp.objects.exists() or RecordShare.objects.exists())
    assert Outgoing.objects.get().state == Outgoing.State.CANCELLED
    kept = everything_kept()
    assert not [text for text in ("绝密", "6530", "1111 2222", "降价") if text in kept]
    old.refresh_from_db()
    assert (old.title, old.changes["phone"]) == ("•••", ["•••", "•••"])
    entry = Entry.objects.get(kind="customers.account.purged")
    assert (entry.actor, entry.record_id, entry.title) == (purger, gone.pk, "•••")


def test_others_keep_what_they_say(client_of, purger, gone, account):
    remove(client_of(purger), gone)
    assert Entry.objects.get(kind="customers.account.created", record_id=account.pk).title == account.name


def test_parts_go_along_and_parents_tell_of_it_without_a_name(client_of, purger, account):
    contact = make_contact(name="王芳", owner=purger, account=account)
    services.delete(contact, actor=Actor(purger))
    client_of(purger).post("/customers/contacts/purge/", {"id": contact.pk, "sure": "yes"})
    assert not Contact.objects.exists()
    lines = timeline(bind(entity_of(account), purger), account).lines
    assert [(line.entry.kind, line.entry.title, line.place.url) for line in lines][0] == (
        "customers.contact.purged",
        "•••",
        "",
    )
    page = client_of(purger).get(entity_of(account).url("record", account.pk)).content.decode()
    assert "王芳" not in page and "for good" in page


def test_what_others_need_stays_and_the_rest_goes(client_of, purger, gone, account):
    contact = make_contact(name="王芳", owner=purger, account=account)
    Contact.objects.filter(pk=contact.pk).update(account=gone.pk)
    free = make_account(name="自由", owner=purger)
    services.delete(free, actor=Actor(purger))
    answer = remove(client_of(purger), gone, free)
    assert (answer.status_code, SECRET in answer.content.decode()) == (409, True)
    assert Account.objects.filter(pk=gone.pk).exists()
    assert not Account.objects.filter(pk=free.pk).exists()


def test_a_document_without_gaps_is_voided_not_removed(client_of, purger, gone, monkeypatch):
    monkeypatch.setattr(Account, "gap_free", ("phone",))
    answer = remove(client_of(purger), gone)
    assert (answer.status_code, "void it instead" in answer.content.decode()) == (409, True)
    assert Account.objects.filter(pk=gone.pk).exists()


def test_what_lives_is_never_removed(purger, account):
    assert purge([account], actor=Actor(purger)) == 0
    assert Account.objects.filter(pk=account.pk).exists()


def test_garbage_removes_nothing(client_of, purger, gone):
    client = client_of(purger)
    for ids in (["x"], ["9" * 40], [], ["-1"], ["\x00"]):
        assert client.post(URL, {"id": ids, "sure": "yes"}).status_code == 302
    assert Account.objects.filter(pk=gone.pk).exists()
