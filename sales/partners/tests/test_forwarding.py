"""Leads go to partners, who accept or decline in words until a day; the database holds the steps."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.notifications.models import Notification
from crm.records.models import EntryLink, Outgoing
from crm.reference.models import Region
from sales.factories import make_lead, make_opportunity
from sales.partners import forwarding
from sales.partners.factories import make_level, make_partner, make_person
from sales.partners.models import ForwardReport, LeadForward
from sales.partners.suggesting import suggest_partners

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(rep, grant):
    grant(rep, "sales.lead", view=Scope.OWN, change=Scope.OWN, forward=Scope.OWN)
    grant(rep, "partners.leadforward", view=Scope.OWN, change=Scope.OWN, add=Scope.OWN)
    grant(rep, "partners.partner", view=Scope.ALL)
    return rep


@pytest.fixture
def partner(other):
    return make_partner(name="江南渠道有限公司", owner=other, level=make_level(answer_days=2))


def send(client, lead, partner, **values):
    data = {"suggested": "", "partner": partner.pk, "message": "请尽快联系", **values}
    return client.post(f"/sales/leads/{lead.pk}/do/forward/", data)


def test_a_lead_is_forwarded_and_its_timeline_tells_it(client, seller, partner):
    make_person(partner, password="pass-word-1", email="li@jn.example.com")
    lead = make_lead(owner=seller, name="钱进", company="北岸机电")
    client.force_login(seller)
    assert send(client, lead, partner).status_code == 302
    forward = LeadForward.objects.get()
    assert (forward.lead, forward.partner, forward.state, forward.owner) == (lead, partner, "sent", seller)
    assert timedelta(days=1, hours=23) < forward.due_at - timezone.now() < timedelta(days=2)
    assert EntryLink.objects.filter(entity="sales.lead", record_id=lead.pk, kind="partners.leadforward.sent").exists()
    assert list(Outgoing.objects.filter(kind="partners.notice").values_list("payload__subject", flat=True)) == [
        "A lead is waiting for your answer"
    ]
    page = client.get(f"/sales/leads/{lead.pk}/").content.decode()
    assert "江南渠道有限公司" in page


def test_it_is_with_one_partner_at_a_time(client, seller, partner):
    lead = make_lead(owner=seller)
    client.force_login(seller)
    assert send(client, lead, partner).status_code == 302
    again = send(client, lead, make_partner())
    assert again.status_code == 422
    assert "It is with a partner already" in again.content.decode()
    assert LeadForward.objects.count() == 1


def test_a_partner_that_is_not_active_gets_nothing(client, seller, other):
    lead, asleep = make_lead(owner=seller), make_partner(owner=other, state="suspended")
    client.force_login(seller)
    assert send(client, lead, asleep).status_code == 422
    assert not LeadForward.objects.exists()


def test_who_may_not_forward_does_not(client, rep, grant, partner):
    grant(rep, "sales.lead", view=Scope.OWN, change=Scope.OWN)
    grant(rep, "partners.partner", view=Scope.ALL)
    client.force_login(rep)
    assert send(client, make_lead(owner=rep), partner).status_code == 403


def test_many_leads_at_once(client, seller, partner):
    leads = [make_lead(owner=seller) for _ in range(3)]
    client.force_login(seller)
    data = {"selected": [lead.pk for lead in leads], "suggested": partner.pk, "apply": "1"}
    assert client.post("/sales/leads/bulk/do-forward/", data).status_code in {200, 302}
    assert set(LeadForward.objects.values_list("lead", flat=True)) == {lead.pk for lead in leads}


def test_an_opportunity_is_forwarded_too(as_actor, rep, partner):
    deal = make_opportunity(owner=rep)
    forward = forwarding.forward_to_partner(deal, actor=as_actor(rep), partner=partner)
    assert (forward.opportunity, forward.lead) == (deal, None)


def test_the_owner_hears_of_the_answer(seller, partner, as_actor):
    lead = make_lead(owner=seller)
    forward = forwarding.forward_to_partner(lead, actor=as_actor(seller), partner=partner)
    person = make_person(partner)
    forwarding.decline_forward(forward, actor=as_actor(None), answer="人手不够", person=person)
    forward.refresh_from_db()
    assert (forward.state, forward.answer, forward.answered_by) == ("declined", "人手不够", person)
    told = Notification.objects.get(user=seller, kind="partner_answered")
    assert told.record_id == forward.pk


@pytest.mark.parametrize(
    ("start", "to"), [("sent", "won"), ("declined", "accepted"), ("withdrawn", "sent"), ("accepted", "sent")]
)
def test_the_database_refuses_a_wrong_step(partner, rep, as_actor, start, to):
    forward = forwarding.forward_to_partner(make_lead(owner=rep), actor=as_actor(rep), partner=partner)
    rows = LeadForward.objects.filter(pk=forward.pk)
    if start != "sent":
        rows.update(state=start, answer="好", answered_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state=to, answer="好", answered_at=timezone.now())


def test_the_database_wants_words_to_an_answer(partner, rep, as_actor):
    forward = forwarding.forward_to_partner(make_lead(owner=rep), actor=as_actor(rep), partner=partner)
    with pytest.raises(IntegrityError), transaction.atomic():
        LeadForward.objects.filter(pk=forward.pk).update(state="accepted", answered_at=timezone.now())


def test_answers_are_asked_for_once_and_then_it_comes_back(seller, partner, as_actor):
    make_person(partner, password="pass-word-1")
    forward = forwarding.forward_to_partner(make_lead(owner=seller), actor=as_actor(seller), partner=partner, days=3)
    now = timezone.now()
    assert forwarding.chase(now) == (0, 0)
    assert forwarding.chase(now + timedelta(days=2, hours=1)) == (1, 0)
    assert forwarding.chase(now + timedelta(days=2, hours=2)) == (0, 0)
    assert forwarding.chase(now + timedelta(days=3, hours=1)) == (0, 1)
    assert forwarding.chase(now + timedelta(days=3, hours=2)) == (0, 0)
    forward.refresh_from_db()
    assert forward.state == "expired"
    assert Notification.objects.filter(user=seller, kind="partner_answered").count() == 1
    assert Outgoing.objects.filter(kind="partners.notice").count() == 2


def test_partners_of_the_region_come_first_then_level_then_load(rep, grant, as_actor):
    grant(rep, "partners.partner", view=Scope.ALL)
    area = Region.objects.create(name="测区", kind="area")
    area.refresh_from_db()
    city = Region.objects.create(name="测市", parent=area)
    city.refresh_from_db()
    gold, silver = make_level("甲级", rank=90), make_level("乙级", rank=50)
    near, busy = make_partner(region=area, level=silver), make_partner(region=area, level=silver)
    best, far = make_partner(region=city, level=silver), make_partner(level=gold)
    everywhere = make_partner(nationwide=True)
    make_partner(region=city, state="ended")
    forwarding.forward_to_partner(make_lead(owner=rep), actor=as_actor(rep), partner=busy)
    found = suggest_partners(city, rep)
    assert [s.partner for s in found] == [best, near, busy, everywhere, far]
    assert [s.load for s in found] == [0, 0, 1, 0, 0]


def test_a_report_is_written_only_of_what_was_accepted_and_the_last_one_ends_it(
    client, seller, partner, grant, as_actor
):
    grant(seller, "partners.forwardreport", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    client.force_login(seller)
    forward = forwarding.forward_to_partner(make_lead(owner=seller), actor=as_actor(seller), partner=partner)
    said = {"forward": forward.pk, "step": "won", "text": "签了"}
    assert client.post("/partners/reports/add/", said).status_code == 422
    assert not ForwardReport.objects.exists()
    forwarding.accept_forward(forward, actor=as_actor(seller), answer="好")
    assert client.post("/partners/reports/add/", said).status_code == 302
    forward.refresh_from_db()
    report = ForwardReport.objects.get()
    assert (forward.state, report.text) == ("won", "签了")
    changed = client.post(f"/partners/reports/{report.pk}/edit/", said | {"step": "lost", "version": report.version})
    report.refresh_from_db()
    assert (changed.status_code, report.step) == (422, "won")


@pytest.mark.parametrize("in_place", ["", "&in_place=1"])
def test_an_address_names_no_lead_that_one_does_not_see_or_may_not_forward(
    client, seller, partner, other, grant, in_place
):
    client.force_login(seller)
    add, data = "/partners/forwards/add/", {"title": "x", "partner": partner.pk, "message": "y"}
    hidden = make_lead(owner=other, name="机密客户", company="机密公司")
    for lead in (hidden.pk, 10**12):
        page = client.get(f"{add}?lead={lead}{in_place}")
        assert page.status_code == 200 and "机密" not in page.content.decode()
        client.post(f"{add}?lead={lead}{in_place}", data | {"lead": lead})
        assert not LeadForward.objects.filter(lead__isnull=False).exists()
    grant(seller, "sales.lead", view=Scope.ALL)
    assert client.post(f"{add}?lead={hidden.pk}{in_place}", data | {"lead": hidden.pk}).status_code == 422
    mine = make_lead(owner=seller)
    assert client.post(f"{add}?lead={mine.pk}{in_place}", data | {"lead": mine.pk}).status_code < 400
    assert LeadForward.objects.get(lead__isnull=False).lead == mine
