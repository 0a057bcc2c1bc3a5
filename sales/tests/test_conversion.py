"""A lead becomes an account, a contact and an opportunity: once, with its history, within rights."""

from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from crm.access.models import Scope
from crm.activities.models import Task
from crm.activities.services import add_task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry, EntryLink
from crm.records.undo import undo
from customers.factories import make_account, make_contact, make_source
from customers.models import Account, Contact
from sales import services
from sales.factories import make_lead, make_pipeline, make_stage
from sales.models import Lead, Opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(rep):
    make_pipeline()
    return make_lead(
        owner=rep,
        name="曾敏",
        company="海岳装备有限公司",
        job_title="采购经理",
        mobile="138 0013 8000",
        email="zm@haiyue.example.com",
        source=make_source("展会"),
        interest="数控机床",
    )


@pytest.fixture
def actor(rep):
    return Actor(rep, "test")


def test_it_becomes_three_records_that_carry_its_values(lead, actor, rep):
    done = services.convert_lead(lead, actor=actor, amount=Decimal("5000"), stage=make_stage("方案设计"))
    account = Account.objects.get()
    contact = Contact.objects.get()
    deal = Opportunity.objects.get()
    assert (done.account, done.contact, done.opportunity, done.fresh) == (account, contact, deal, True)
    assert (account.name, account.owner, account.source.name, account.is_person) == (
        "海岳装备有限公司",
        rep,
        "展会",
        False,
    )
    assert (contact.name, contact.account, contact.mobile, contact.job_title) == (
        "曾敏",
        account,
        "138 0013 8000",
        "采购经理",
    )
    assert (deal.name, deal.account, deal.amount, deal.stage.name) == ("数控机床", account, Decimal("5000"), "方案设计")
    assert deal.people.get().contact == contact
    lead.refresh_from_db()
    assert (lead.status, lead.converted_account, lead.converted_opportunity) == ("converted", account, deal)


def test_a_person_without_a_company_becomes_a_private_account(actor, rep):
    make_pipeline()
    done = services.convert_lead(make_lead(owner=rep, name="李雷", mobile="13800138000"), actor=actor)
    assert (done.account.name, done.account.is_person, done.account.phone) == ("李雷", True, "13800138000")


def test_a_lead_without_any_name_converts_too(actor, rep):
    make_pipeline()
    lead = make_lead(owner=rep, name="")
    assert services.convert_lead(lead, actor=actor).account.name == str(lead) != ""


def test_the_second_conversion_answers_with_the_first(lead, actor):
    first = services.convert_lead(lead, actor=actor)
    second = services.convert_lead(lead, actor=actor)
    assert (second.account, second.opportunity, second.fresh) == (first.account, first.opportunity, False)
    assert (Account.objects.count(), Opportunity.objects.count()) == (1, 1)


def test_an_existing_account_is_filled_not_overwritten(lead, actor, rep):
    account = make_account(name="海岳装备", owner=rep, source=make_source("老客户"))
    lead.tax_id, lead.website = "91310000MA1K35X12A", "https://haiyue.example.com"
    records.save(lead, actor=actor)
    rep.is_superuser = True
    done = services.convert_lead(lead, actor=actor, account=account, create_opportunity=False)
    account.refresh_from_db()
    assert (done.account, done.opportunity) == (account, None)
    assert (account.name, account.source.name, account.tax_id) == ("海岳装备", "老客户", "91310000MA1K35X12A")


def test_an_account_that_the_actor_may_not_change_stays_as_it_is(lead, actor, rep, other, grant):
    grant(rep, "customers.account", view=Scope.ALL, change=Scope.OWN)
    account = make_account(name="海岳装备", owner=other)
    services.convert_lead(lead, actor=actor, account=account)
    account.refresh_from_db()
    assert (account.source, account.version) == (None, 1)


def test_an_existing_contact_of_elsewhere_gets_a_further_account(lead, actor, rep):
    contact = make_contact(owner=rep, account=make_account(owner=rep))
    done = services.convert_lead(lead, actor=actor, account=make_account(name="新东家", owner=rep), contact=contact)
    assert contact in Contact.objects.of(done.account)
    assert contact.affiliations.get().account == done.account


def test_the_history_shows_on_the_account(lead, actor):
    records.log(lead, "activities.note.created", actor=actor, text="聊得不错")
    done = services.convert_lead(lead, actor=actor)
    for record in (done.account, done.contact, done.opportunity):
        kinds = set(
            EntryLink.objects.filter(entity=record.entity_label(), record_id=record.pk).values_list("kind", flat=True)
        )
        assert {"activities.note.created", "sales.lead.created", "sales.lead.converted"} <= kinds
    own = EntryLink.objects.filter(entity="customers.account", record_id=done.account.pk)
    assert own.count() == len(set(own.values_list("entry_id", flat=True)))


def test_a_conversion_is_undone_as_a_whole(lead, actor):
    services.convert_lead(lead, actor=actor)
    done = undo(ChangeSet.objects.get(kind="convert"), actor=actor)
    assert done.conflicts == []
    lead.refresh_from_db()
    assert (lead.status, lead.converted_at, lead.converted_account) == ("new", None, None)
    assert not Account.objects.alive().exists()
    assert not Opportunity.objects.alive().exists()


def test_what_lies_in_the_trash_does_not_convert(lead, actor):
    records.delete(lead, actor=actor)
    with pytest.raises(ValidationError):
        services.convert_lead(lead, actor=actor)


def test_candidates_are_told_within_rights(lead, rep, other, grant):
    grant(rep, "customers.account", view=Scope.OWN)
    grant(rep, "customers.contact", view=Scope.OWN)
    mine = make_account(name="上海海岳装备集团有限公司", owner=rep)
    make_account(name="海岳装备股份有限公司", owner=other)
    make_contact(name="曾小敏", mobile="+86-13800138000", owner=other)
    accounts, contacts = services.lead_candidates(lead, rep)
    assert [m.record for m in accounts.found] == [mine]
    assert accounts.hidden == 1
    assert (contacts.found, contacts.hidden) == ([], 1)


def test_leads_are_put_aside_and_taken_up_again(lead, actor):
    services.disqualify_lead(lead, actor=actor, invalid_reason="空号")
    assert Lead.objects.get().invalid_reason == "空号"
    services.revive_lead(lead, actor=actor)
    lead.refresh_from_db()
    assert (lead.status, lead.invalid_reason) == ("contacted", "")


@pytest.mark.parametrize("to", ["converted", "invalid", "nonsense"])
def test_a_status_that_is_a_verb_is_not_set_by_hand(lead, actor, to):
    with pytest.raises(ValidationError):
        services.move_lead(lead, to, actor=actor)


def test_a_converted_lead_keeps_its_status(lead, actor):
    services.convert_lead(lead, actor=actor)
    lead.refresh_from_db()
    for verb in (services.move_lead, services.disqualify_lead):
        with pytest.raises(ValidationError):
            verb(lead, actor=actor, **({"to": "new"} if verb is services.move_lead else {"invalid_reason": "x"}))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_convert_it_once(lead, actor):
    """Both threads hold the same unconverted lead; the second must wait for the row and find the work done."""
    barrier, results = Barrier(2), []

    def convert():
        try:
            with transaction.atomic():
                mine = Lead.objects.get(pk=lead.pk)
                barrier.wait(5)
                results.append(services.convert_lead(mine, actor=actor))
        finally:
            connection.close()

    threads = [Thread(target=convert) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(r.fresh for r in results) == [False, True]
    assert len({r.account.pk for r in results}) == 1
    assert (Account.objects.count(), Contact.objects.count(), Opportunity.objects.count()) == (1, 1, 1)
    assert Entry.objects.filter(kind="sales.lead.converted").count() == 1


def test_what_is_still_to_be_done_goes_along_and_comes_back(lead, actor):
    add_task(lead, subject="发方案", due_on=None, actor=actor)
    done = services.convert_lead(lead, actor=actor)
    assert Task.objects.get().on == done.opportunity
    lead.refresh_from_db()
    services.revert_conversion(lead, actor=actor)
    assert Task.objects.get().on == lead
