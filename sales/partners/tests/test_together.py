"""Feedback, joint business and documents: what partners and we say to each other, and who reads it."""

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.files.services import files_of
from crm.notifications.models import Notification
from crm.records.dispatch import dispatch
from crm.records.models import AuditEvent, EntryLink
from crm.records.sending import send_due
from crm.reference.models import Region
from customers.factories import make_account
from sales import services
from sales.factories import make_pipeline
from sales.models import Opportunity
from sales.partners.coops import convert_coop
from sales.partners.factories import make_coop, make_document, make_feedback
from sales.partners.models import CoopOpportunity, Partner, PartnerFeedback, PartnerPerson
from sales.partners.publishing import documents_for, readers_of

pytestmark = pytest.mark.django_db
FEEDBACK = {"topic": "product", "title": "交期太长", "text": "客户等了六周"}
COOP = {"name": "泵站联合改造", "partner_brings": "客户关系", "we_bring": "方案", "amount": "880000"}


@pytest.fixture
def keeper(rep, grant):
    for label in ("partners.partnerfeedback", "partners.coopopportunity", "partners.partnerdocument"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN, convert=Scope.OWN)
    for label in ("sales.opportunity", "customers.account", "partners.partner"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return rep


# Feedback


def test_feedback_reaches_the_partner_manager_and_the_answer_the_partner(ours, theirs, firm, keeper, client):
    assert ours.post("/portal/partner/feedback/", FEEDBACK).status_code == 302
    said = PartnerFeedback.objects.get()
    assert (said.partner, said.owner, said.state, said.submitted_by.email) == (
        firm, keeper, "new", "firm@jn.example.com",
    )  # fmt: skip
    assert Notification.objects.filter(user=keeper, kind="partner_feedback", record_id=said.pk).count() == 1
    assert EntryLink.objects.filter(entity="partners.partner", record_id=firm.pk, kind="partners.partnerfeedback.given")
    client.force_login(keeper)
    page = f"/partners/feedback/{said.pk}/do/answer/"
    assert client.post(page, {"answer": " "}).status_code == 422
    assert client.post(page, {"answer": "十二月起两周交货"}).status_code == 302
    assert "十二月起两周交货" in ours.get("/portal/partner/feedback/").content.decode()
    assert "十二月起两周交货" not in theirs.get("/portal/partner/feedback/").content.decode()
    send_due()
    assert [m.to for m in mail.outbox] == [["firm@jn.example.com"]]
    assert "两周" not in mail.outbox[0].body


def test_what_is_sent_twice_at_once_is_one_feedback(ours):
    for _ in range(2):
        assert ours.post("/portal/partner/feedback/", FEEDBACK).status_code == 302
    assert ours.post("/portal/partner/feedback/", FEEDBACK | {"text": "另一件"}).status_code == 302
    assert PartnerFeedback.objects.count() == 2


def test_the_board_wants_the_answer_in_words(firm, keeper, client):
    said = make_feedback(firm)
    client.force_login(keeper)
    refused = client.post(f"/partners/feedback/{said.pk}/move/", {"to": "answered"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert 'name="answer"' in refused.content.decode()
    client.post(f"/partners/feedback/{said.pk}/move/", {"to": "in_hand"}, headers={"HX-Request": "true"})
    said.refresh_from_db()
    assert said.state == "in_hand"
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerFeedback.objects.update(state="answered")


def test_the_customer_we_tie_it_to_is_not_told(ours, firm, rep):
    said = make_feedback(firm, account=make_account(owner=rep, name="金丝雀集团"), text="听说的")
    PartnerFeedback.objects.update(submitted_by=PartnerPerson.objects.get())
    page = ours.get("/portal/partner/feedback/").content.decode()
    assert said.text in page
    assert "金丝雀" not in page


# Joint business


def test_a_partner_proposes_and_we_agree(ours, firm, keeper, client):
    for _ in range(2):
        assert ours.post("/portal/partner/together/", COOP).status_code == 302
    coop = CoopOpportunity.objects.get()
    assert (coop.partner, coop.owner, coop.shared, coop.proposed_by.email) == (
        firm,
        keeper,
        True,
        "firm@jn.example.com",
    )
    assert Notification.objects.filter(user=keeper, kind="partner_coop", record_id=coop.pk).count() == 1
    assert ours.post(f"/portal/partner/together/{coop.pk}/").status_code == 302  # they can't agree with themselves
    coop.refresh_from_db()
    assert coop.state == "proposed"
    client.force_login(keeper)
    assert client.post(f"/partners/coops/{coop.pk}/do/move/", {"state": "agreed"}).status_code == 302
    coop.refresh_from_db()
    assert coop.state == "agreed"


def test_what_we_propose_is_seen_once_shared_and_agreed_to_once(ours, theirs, firm, keeper):
    coop = make_coop(firm, shared=False)
    page = f"/portal/partner/together/{coop.pk}/"
    assert ours.get(page).status_code == 404
    CoopOpportunity.objects.update(shared=True)
    assert coop.name in ours.get("/portal/partner/together/").content.decode()
    assert coop.name not in theirs.get("/portal/partner/together/").content.decode()
    assert theirs.post(page).status_code == 404
    for _ in range(2):
        assert ours.post(page).status_code == 302
    coop.refresh_from_db()
    assert (coop.state, coop.agreed_by.email) == ("agreed", "firm@jn.example.com")
    assert Notification.objects.filter(user=keeper, kind="partner_coop").count() == 1


def test_it_becomes_an_opportunity_and_is_won_with_it(firm, keeper, client, as_actor):
    make_pipeline()
    account = make_account(owner=keeper, name="北岸机电")
    coop = make_coop(firm, amount=880_000)
    client.force_login(keeper)
    url, data = f"/partners/coops/{coop.pk}/do/convert/", {"name": "北岸泵站", "amount": "900000"}
    assert client.post(url, data).status_code == 422  # for whom?
    assert client.post(url, data | {"account": account.pk}).status_code == 302
    assert client.post(url, data | {"account": account.pk}).status_code == 409
    deal = Opportunity.objects.get()
    coop.refresh_from_db()
    assert (deal.name, deal.account, deal.amount, deal.owner) == ("北岸泵站", account, 900_000, keeper)
    assert (coop.opportunity, coop.account, coop.state) == (deal, account, "running")
    services.win_opportunity(deal, actor=as_actor(keeper))
    dispatch()
    coop.refresh_from_db()
    assert coop.state == "won"


def test_ending_says_why_and_the_database_refuses_wrong_steps(firm, keeper, client):
    coop = make_coop(firm)
    client.force_login(keeper)
    refused = client.post(f"/partners/coops/{coop.pk}/move/", {"to": "ended"}, headers={"HX-Request": "true"})
    assert 'name="reason"' in refused.content.decode()
    assert client.post(f"/partners/coops/{coop.pk}/move/", {"to": "won"}).status_code == 422
    assert client.post(f"/partners/coops/{coop.pk}/do/end/", {"reason": "客户取消"}).status_code == 302
    coop.refresh_from_db()
    assert (coop.state, coop.end_reason) == ("ended", "客户取消")
    with pytest.raises(IntegrityError), transaction.atomic():
        CoopOpportunity.objects.update(state="won")


def test_converting_needs_the_right(firm, rep, grant, client):
    grant(rep, "partners.coopopportunity", view=Scope.OWN, change=Scope.OWN)
    coop = make_coop(firm)
    client.force_login(rep)
    assert client.post(f"/partners/coops/{coop.pk}/do/convert/", {"name": "x"}).status_code == 403


def test_two_who_convert_at_once_make_one(firm, keeper, as_actor):
    make_pipeline()
    coop = make_coop(firm, account=make_account(owner=keeper))
    stale = CoopOpportunity.objects.get(pk=coop.pk)
    convert_coop(coop, actor=as_actor(keeper))
    with pytest.raises(Exception, match="opportunity already|已有商机"):
        convert_coop(stale, actor=as_actor(keeper))
    assert Opportunity.objects.count() == 1


# Documents


@pytest.fixture
def places(db):
    east = Region.objects.create(name="试东区", kind="area")
    return {"east": east, "jiang": Region.objects.create(name="试江省", parent=east, kind="province"),
            "north": Region.objects.create(name="试北区", kind="area")}  # fmt: skip


def test_a_document_is_for_those_it_names(firm, rival, gold, silver, places):
    Partner.objects.filter(pk=firm.pk).update(region=places["jiang"])
    Partner.objects.filter(pk=rival.pk).update(region=places["north"])
    firm.refresh_from_db()
    rival.refresh_from_db()
    made = {
        "all": make_document(),
        "gold": make_document(level=gold),
        "silver up": make_document(level=silver, upwards=True),
        "east": make_document(region=places["east"]),
        "jiang": make_document(region=places["jiang"], level=gold),
        "jiang silver": make_document(region=places["jiang"], level=silver),
        "rival alone": make_document(partner=rival),
        "draft": make_document(publish=False),
        "over": make_document(),
    }
    type(made["over"]).objects.filter(pk=made["over"].pk).update(valid_until=timezone.localdate().replace(year=2020))
    expected = {
        firm.pk: {"all", "gold", "silver up", "east", "jiang"},
        rival.pk: {"all", "silver up", "rival alone"},
    }
    names = {document.pk: name for name, document in made.items()}
    for partner in (firm, rival):
        assert {names[d.pk] for d in documents_for(partner)} == expected[partner.pk]
    for name, document in made.items():
        if name not in {"draft", "over"}:
            readers = {p.pk for p in readers_of(document)}
            assert readers == {pk for pk, seen in expected.items() if name in seen}, name
    Partner.objects.filter(pk=rival.pk).update(nationwide=True)
    rival.refresh_from_db()
    assert {names[d.pk] for d in documents_for(rival)} == expected[rival.pk] | {"east", "jiang silver"}


def test_only_those_it_is_for_download_it_and_that_is_written_down(ours, theirs, firm, gold):
    document = make_document(level=gold, content=b"%PDF-1.4 gold")
    file = files_of(document)[0]
    url = f"/portal/partner/documents/{document.pk}/{file.pk}/"
    assert url in ours.get("/portal/partner/documents/").content.decode()
    assert url not in theirs.get("/portal/partner/documents/").content.decode()
    answer = ours.get(url)
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 gold"
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["X-Content-Type-Options"], "no-store" in answer["Cache-Control"]) == ("nosniff", True)
    noted = AuditEvent.objects.get(action="downloaded")
    assert (noted.user, noted.record_ids, noted.data["document"], noted.data["partner"]) == (
        None, [file.pk], document.pk, firm.pk,
    )  # fmt: skip
    assert theirs.get(url).status_code == 404
    assert AuditEvent.objects.filter(action="downloaded").count() == 1


def test_a_file_of_another_record_is_never_handed_out_by_a_document(ours, firm, gold, rep):
    mine, draft = make_document(), make_document(publish=False)
    hidden = files_of(draft)[0]
    assert ours.get(f"/portal/partner/documents/{mine.pk}/{hidden.pk}/").status_code == 404
    assert ours.get(f"/portal/partner/documents/{draft.pk}/{hidden.pk}/").status_code == 404
    assert ours.get(f"/files/{hidden.pk}/download/").status_code == 302


def test_publishing_wants_a_file_tells_the_readers_and_ends_at_once(ours, theirs, keeper, gold, client):
    document = make_document(owner=keeper, publish=False, level=gold)
    client.force_login(keeper)
    for file in files_of(document):
        type(file).objects.filter(pk=file.pk).update(deleted_at=timezone.now())
    assert client.post(f"/partners/documents/{document.pk}/do/publish/").status_code == 422
    type(document)._meta.apps.get_model("files.storedfile").objects.update(deleted_at=None)
    assert client.post(f"/partners/documents/{document.pk}/do/publish/").status_code == 302
    dispatch()
    send_due()
    assert [m.to for m in mail.outbox] == [["firm@jn.example.com"]]
    assert document.title in ours.get("/portal/partner/documents/").content.decode()
    assert client.post(f"/partners/documents/{document.pk}/do/withdraw/").status_code == 302
    assert document.title not in ours.get("/portal/partner/documents/").content.decode()
    file = files_of(document)[0]
    assert ours.get(f"/portal/partner/documents/{document.pk}/{file.pk}/").status_code == 404
