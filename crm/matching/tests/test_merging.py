"""Merging through its service: everything that belongs to the merged goes along, and comes back."""

import pytest

from crm.access.models import Scope
from crm.activities.models import Follow, Task
from crm.matching.merging.models import MergeOperation
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, make_affiliation, make_contact
from customers.models import Account, AccountContact, Contact
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def merger(make_user, grant):
    user = make_user("merger")
    for label in ("customers.account", "customers.contact", "sales.opportunity", "customers.accountcontact"):
        grant(user, label, **dict.fromkeys(("view", "change", "delete", "merge"), Scope.ALL))
    return user


def test_links_values_and_parts_move_and_come_back(merger, rep):
    stays = make_account(name="远山科技", owner=rep, phone="13800138000")
    goes = make_account(name="远山科技有限公司", owner=rep, website="https://yuanshan.example")
    contact, both = make_contact(account=goes, owner=rep), make_contact(owner=rep)
    deal = make_opportunity(account=goes, owner=rep)
    kept, spare = make_affiliation(stays, both), make_affiliation(goes, both)
    task = Task(subject="回访", owner=rep, on_entity="customers.account", on_id=goes.pk)
    records.save(task, actor=Actor(rep))
    Follow.objects.create(entity="customers.account", record_id=goes.pk, user=rep)
    Follow.objects.create(entity="customers.account", record_id=stays.pk, user=merger)
    Follow.objects.create(entity="customers.account", record_id=goes.pk, user=merger)

    operation = merge([stays, goes], stays, {"website": goes.pk, "name": goes.pk}, actor=Actor(merger))

    stays.refresh_from_db()
    assert (stays.name, stays.website, stays.phone) == ("远山科技有限公司", "https://yuanshan.example", "13800138000")
    assert Contact.objects.get(pk=contact.pk).account_id == stays.pk
    deal.refresh_from_db(), task.refresh_from_db()
    assert (deal.account_id, task.on_id) == (stays.pk, stays.pk)
    assert set(Follow.objects.filter(record_id=stays.pk).values_list("user", flat=True)) == {rep.pk, merger.pk}
    assert Account.objects.get(pk=goes.pk).deleted_at is not None
    assert AccountContact.objects.get(pk=spare.pk).deleted_at is not None
    assert operation.values == {
        "name": ["远山科技", "远山科技有限公司"],
        "website": ["", "https://yuanshan.example"],
    }

    done = unmerge(operation, actor=Actor(merger))

    assert done.conflicts == 0
    stays.refresh_from_db(), goes.refresh_from_db(), deal.refresh_from_db(), task.refresh_from_db()
    assert (stays.name, stays.website) == ("远山科技", "")
    assert (goes.name, goes.website, goes.deleted_at) == ("远山科技有限公司", "https://yuanshan.example", None)
    assert (deal.account_id, task.on_id) == (goes.pk, goes.pk)
    assert Contact.objects.get(pk=contact.pk).account_id == goes.pk
    assert AccountContact.objects.get(pk=spare.pk).deleted_at is None
    assert AccountContact.objects.get(pk=kept.pk).account_id == stays.pk
    assert set(Follow.objects.filter(record_id=goes.pk).values_list("user", flat=True)) == {rep.pk, merger.pk}
    assert set(Follow.objects.filter(record_id=stays.pk).values_list("user", flat=True)) == {merger.pk}
    assert MergeOperation.objects.get(pk=operation.pk).undone_at is not None
