"""Accounts and contacts keep their invariants, sort by pinyin and know who works where."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.entities.inputs import input_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Protected
from crm.records.models import EntryLink
from customers.entities import AccountEntity, ContactEntity
from customers.factories import make_account, make_affiliation, make_contact
from customers.models import Account, AccountContact, Contact

pytestmark = pytest.mark.django_db


def test_names_sort_by_pinyin_and_compare_without_legal_form():
    account = make_account(name="重庆长安汽车股份有限公司")
    assert account.name_key.startswith("chongqingchangan")
    assert account.name_norm == make_account(name="长安汽车").name_norm
    assert make_contact(name="单雄").name_key == "shanxiong"
    assert make_account(name="单雄", is_person=True).name_norm == ""


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"annual_revenue": Decimal(-1)}, {"founded": 25}],
)
def test_the_database_refuses_what_makes_no_sense(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_account(**values)


def test_a_company_is_not_its_own_parent():
    account = make_account()
    account.parent = account
    with pytest.raises(IntegrityError), transaction.atomic():
        records.save(account, actor=Actor(account.owner))


def test_a_person_works_for_several_accounts():
    first, second = make_account(), make_account()
    contact = make_contact(account=first)
    make_affiliation(second, contact, job_title="顾问")
    assert contact in Contact.objects.of(first)
    assert contact in Contact.objects.of(second)
    left = make_contact()
    make_affiliation(second, left, current=False)
    assert left not in Contact.objects.of(second)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_affiliation(second, contact)


def test_an_affiliation_follows_its_person_into_the_trash_and_back():
    contact = make_contact()
    link = make_affiliation(make_account(), contact)
    actor = Actor(contact.owner)
    records.delete(contact, actor=actor)
    assert not AccountContact.objects.alive().exists()
    contact.refresh_from_db()
    records.restore(contact, actor=actor)
    assert AccountContact.objects.alive().get() == link


def test_an_account_with_people_is_held_back_from_the_trash():
    account = make_account()
    contact = make_contact(account=account)
    with pytest.raises(Protected) as refused:
        records.delete(account, actor=Actor(account.owner))
    assert refused.value.blockers == [contact]


def test_what_happens_to_a_contact_shows_on_the_account():
    account = make_account()
    make_contact(account=account)
    kinds = EntryLink.objects.filter(entity="customers.account", record_id=account.pk).values_list("kind", flat=True)
    assert "customers.contact.created" in kinds


def test_quiet_accounts_are_those_without_activity():
    account = make_account()
    now = timezone.now()
    assert not Account.objects.quiet(now).exists()
    assert Account.objects.quiet(now + timedelta(days=31)).get() == account
    Account.objects.filter(pk=account.pk).update(last_activity_at=now + timedelta(days=20))
    assert not Account.objects.quiet(now + timedelta(days=31)).exists()


def test_a_new_account_is_warned_about(boss):
    there = make_account(name="远山科技有限公司")
    entity = AccountEntity()
    match = entity.warnings(Account(name="远山科技"), boss)[0]
    assert match.record == there
    assert [str(reason) for reason in match.reasons]
    assert entity.warnings(Account(name="完全不同"), boss) == []


def test_a_colleagues_contact_is_warned_about_without_telling_it(rep, other):
    make_contact(mobile="13800138000", owner=other)
    match = ContactEntity().warnings(Contact(name="x", mobile="+86 138 0013 8000"), rep)[0]
    assert match.record is None


@pytest.mark.parametrize("text", ["2025", "2025年", "2025年3月1日", "2025-03-01", "20250301"])
def test_a_company_founded_on_a_day_was_founded_in_its_year(text):
    assert input_of(Account._meta.get_field("founded")).clean(text) == 2025


def test_a_year_is_no_word():
    with pytest.raises(ValidationError):
        input_of(Account._meta.get_field("founded")).clean("去年")
