"""Registered deals are protected until a day: against second registrations and against our own sellers, race-proof."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone, translation

from crm.access.models import Scope
from crm.matching.models import MatchKey, Registration
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from sales import services
from sales.factories import make_pipeline
from sales.models import Lead, Opportunity
from sales.partners import protecting, registering, tasks
from sales.partners.factories import make_level, make_partner, make_person
from sales.partners.models import DealRegistration

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password-7"
LABEL = "partners.dealregistration"


@pytest.fixture
def partner(other):
    return make_partner(name="江南渠道有限公司", owner=other, level=make_level(protection_days=30))


@pytest.fixture
def portal(partner):
    make_person(partner, email="li@jn.example.com", password=PASSWORD)
    return signed_in("li@jn.example.com")


@pytest.fixture
def channel(other, grant):
    """The channel manager."""
    everything = dict.fromkeys(("view", "change", "add", "decide", "convert"), Scope.ALL)
    grant(other, LABEL, **everything)
    grant(other, "partners.partner", view=Scope.ALL)
    for label in ("sales.lead", "customers.account", "customers.contact", "sales.opportunity"):
        grant(other, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return other


@pytest.fixture
def seller(rep, grant):
    for label in ("sales.lead", "customers.account"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return rep


def signed_in(email):
    client = Client()
    assert client.post("/portal/partner/sign-in/", {"email": email, "password": PASSWORD}).status_code == 302
    return client


def submit(portal, customer="杭州北岸机电有限公司", **values):
    return portal.post("/portal/partner/registrations/", {"customer": customer, **values})


def approved(portal, channel, client, **values):
    assert submit(portal, **values).status_code == 302
    deal = DealRegistration.objects.latest("pk")
    client.force_login(channel)
    assert client.post(f"/partners/registrations/{deal.pk}/do/approve/", {"until": "", "note": ""}).status_code == 302
    deal.refresh_from_db()
    return deal


def test_a_partner_registers_and_the_channel_manager_approves(portal, partner, channel, client):
    deal = approved(portal, channel, client, project="泵站改造", amount="120000")
    assert (deal.partner, deal.owner, deal.state) == (partner, channel, "approved")
    assert deal.protected_until == timezone.localdate() + timedelta(days=30)
    assert deal.submitted_by.email == "li@jn.example.com"
    assert Notification.objects.filter(user=channel, kind="partner_registered", record_id=deal.pk).count() == 1
    assert deal.protected_until.isoformat() in portal.get("/portal/partner/registrations/").content.decode()


def test_a_second_registration_hears_until_when_and_nothing_else(portal, channel, client, rep):
    deal = approved(portal, channel, client)
    rival = make_partner(name="江北渠道", owner=rep)
    make_person(rival, email="wu@jb.example.com", password=PASSWORD)
    answer = submit(signed_in("wu@jb.example.com"), "杭州北岸机电公司")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert deal.protected_until.isoformat() in text
    assert "江南" not in text
    assert channel.name not in text
    assert DealRegistration.objects.count() == 1


@pytest.mark.parametrize("path", ["/customers/accounts/add/", "/sales/leads/add/"])
def test_our_sellers_hear_it_too(portal, channel, client, seller, path):
    deal = approved(portal, channel, client)
    client.force_login(seller)
    name = "company" if "leads" in path else "name"
    answer = client.post(
        path,
        {
            name: "杭州北岸机电有限公司",
            "owner": seller.pk,
            "kind": "prospect",
            "currency": "CNY",
            "lifecycle": "prospect",
            "status": "new",
        },
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert deal.protected_until.isoformat() in text
    assert "江南" not in text
    assert not Lead.objects.exists()


def test_who_may_see_the_registration_is_not_stopped_and_converts_it(portal, channel, client):
    make_pipeline()
    deal = approved(portal, channel, client, contact_name="钱进")
    data = {
        "account": "new",
        "contact": "new",
        "create_opportunity": "on",
        "opportunity_name": "泵站",
        "amount": "",
        "stage": make_pipeline().stages.first().pk,
    }
    answer = client.post(f"/partners/registrations/{deal.pk}/do/convert/", data)
    assert answer.status_code == 302
    deal.refresh_from_db()
    assert deal.opportunity == Opportunity.objects.get()
    assert deal.opportunity.account.name == "杭州北岸机电有限公司"
    registering.win_registrations(deal.opportunity_id)
    deal.refresh_from_db()
    assert deal.state == "won"
    assert Registration.objects.get().state == "expired"


def test_protection_ends_by_itself_and_can_be_moved(portal, channel, client, as_actor):
    deal = approved(portal, channel, client)
    today = timezone.localdate()
    assert registering.end_protection(deal.protected_until) == 0
    later = today + timedelta(days=60)
    assert client.post(f"/partners/registrations/{deal.pk}/do/extend/", {"until": later.isoformat()}).status_code == 302
    assert registering.end_protection(today + timedelta(days=31)) == 0
    assert registering.end_protection(later + timedelta(days=1)) == 1
    deal.refresh_from_db()
    assert deal.state == "expired"
    assert submit(portal).status_code == 302


def test_a_rejected_one_protects_nothing(portal, channel, client):
    assert submit(portal).status_code == 302
    deal = DealRegistration.objects.get()
    client.force_login(channel)
    url = f"/partners/registrations/{deal.pk}/do/reject/"
    assert client.post(url, {"note": ""}).status_code == 422
    assert client.post(url, {"note": "客户已签约"}).status_code == 302
    assert "客户已签约" in portal.get("/portal/partner/registrations/").content.decode()
    assert submit(portal).status_code == 302


def test_who_may_not_decide_does_not(portal, client, rep, grant):
    assert submit(portal).status_code == 302
    grant(rep, LABEL, view=Scope.ALL, change=Scope.ALL)
    client.force_login(rep)
    deal = DealRegistration.objects.get()
    assert client.post(f"/partners/registrations/{deal.pk}/do/approve/", {}).status_code == 403


def test_only_one_of_two_submitted_is_ever_protected(portal, channel, as_actor):
    """Both were submitted before either was approved: the database lets one have the customer."""
    rival = make_partner(name="江北渠道", owner=channel)
    make_person(rival, email="wu@jb.example.com", password=PASSWORD)
    for _twice in range(2):
        assert submit(portal).status_code == 302
    assert submit(signed_in("wu@jb.example.com")).status_code == 302
    first, second = DealRegistration.objects.order_by("pk")
    registering.approve_registration(first, actor=as_actor(channel))
    with translation.override("en"), pytest.raises(ValidationError, match="Registered already, until"):
        registering.approve_registration(second, actor=as_actor(channel))
    second.refresh_from_db()
    assert second.state == "submitted"
    assert Registration.objects.get().deals.get() == first


@pytest.mark.parametrize(("start", "to"), [("submitted", "won"), ("rejected", "approved"), ("approved", "submitted")])
def test_the_database_refuses_a_wrong_step(portal, start, to):
    assert submit(portal).status_code == 302
    rows, day = DealRegistration.objects.all(), timezone.localdate()
    if start != "submitted":
        rows.update(state=start, protected_until=day)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state=to, protected_until=day)


def test_winning_the_opportunity_wins_the_registration(portal, channel, client, as_actor):
    make_pipeline()
    deal = approved(portal, channel, client)
    registering.convert_registration(deal, actor=as_actor(channel))
    services.win_opportunity(Opportunity.objects.get(), actor=as_actor(channel))
    from crm.records.dispatch import dispatch

    dispatch()
    deal.refresh_from_db()
    assert deal.state == "won"


# One protection for what colleagues and partners registered


def test_what_a_colleague_registered_no_partner_registers(portal, rep):
    made = Registration(owner=rep, title="杭州北岸机电有限公司", until=timezone.now() + timedelta(days=20))
    records.save(made, actor=Actor(rep, "test"))
    answer = submit(portal)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f"{timezone.localtime(made.until):%Y-%m-%d}" in text
    assert rep.name not in text
    assert submit(portal, "宁波北岸机电有限公司").status_code == 302  # called alike, in another place


def test_what_a_partner_registered_no_colleague_registers(portal, channel, client, rep, grant):
    approved(portal, channel, client)
    grant(rep, "matching.registration", view=Scope.OWN, add=Scope.OWN)
    client.force_login(rep)
    data = {"title": "杭州北岸机电", "owner": rep.pk, "confirm": "1"}
    assert client.post("/customers/registrations/add/", data).status_code == 422
    assert Registration.objects.count() == 1


def test_the_protection_follows_its_deal(portal, channel, client, as_actor, rep):
    deal = approved(portal, channel, client)
    held = Registration.objects.get()
    assert (held.owner, f"{timezone.localtime(held.until):%Y-%m-%d}") == (channel, deal.protected_until.isoformat())
    with pytest.raises(ValidationError):
        records.delete(held, actor=as_actor(channel))
    deal.refresh_from_db()
    deal.owner = rep
    records.save(deal, actor=as_actor(channel))
    held.refresh_from_db()
    assert held.owner == rep
    records.delete(deal, actor=as_actor(channel))
    held.refresh_from_db()
    assert held.state == "expired"
    records.restore(deal, actor=as_actor(channel))
    held.refresh_from_db()
    assert (held.state, Registration.objects.count()) == ("active", 1)
    registering.withdraw_registration(deal, actor=as_actor(channel))
    held.refresh_from_db()
    assert held.state == "expired"


def test_a_deal_from_before_protections_were_registrations_gets_its_own(portal, channel, client, rep, grant):
    deal = approved(portal, channel, client)
    DealRegistration.objects.update(protection=None)
    MatchKey.objects.filter(entity="matching.registration").delete()
    Registration._base_manager.all().delete()
    tasks.end_protection()
    deal.refresh_from_db()
    assert (deal.protection.title, deal.protection.owner, deal.protection.state) == (deal.customer, channel, "active")
    assert protecting.protect_again() == 0
    grant(rep, "matching.registration", view=Scope.OWN, add=Scope.OWN)
    client.force_login(rep)
    data = {"title": "杭州北岸机电", "owner": rep.pk, "confirm": "1"}
    assert client.post("/customers/registrations/add/", data).status_code == 422


def test_a_customer_who_is_somebody_elses_by_now_stays_so(portal, channel, client, rep):
    deal = approved(portal, channel, client)
    DealRegistration.objects.update(protection=None)
    Registration._base_manager.update(owner=rep)
    assert protecting.protect_again() == 0
    deal.refresh_from_db()
    assert deal.protection is None
