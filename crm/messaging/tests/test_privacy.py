"""Who sees a mail: at every door, by its mailbox, its participants, its privacy and its records."""

import pytest
from django.urls import reverse

from crm.access import policy
from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.timeline import timeline
from crm.messaging.linking import link_mail, set_privacy, unlink_mail
from crm.messaging.models import MailAccount, MailMessage
from crm.messaging.receiving import Place, take_in
from crm.records.actor import Actor
from crm.search.services import search
from customers.factories import make_contact

pytestmark = pytest.mark.django_db
DATA = (
    "From: Wang <wang@customer.example>\nTo: li@example.com\n{cc}Subject: Geheimvertrag\nMessage-ID: <m1@customer.example>\n"
    "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nZeppelin\n--b\n"
    "Content-Type: text/plain\nContent-Disposition: attachment; filename=offer.txt\n\noffer\n--b--\n"
)


@pytest.fixture
def box(rep):
    return MailAccount.objects.create(name="林晓", address="li@example.com", owner=rep, smtp_host="smtp.example")


@pytest.fixture
def wang(rep):
    return make_contact(owner=rep, name="王明", email="wang@customer.example")


@pytest.fixture
def arrive(box):
    def make(cc="", **values):
        for name, value in values.items():
            setattr(box, name, value)
        box.save()
        head = f"Cc: {cc}\n" if cc else ""
        return take_in(box, Place("INBOX", 1, 1), DATA.format(cc=head).encode())

    return make


def sees(client, user, mail):
    """What each door lets the user see; all or nothing."""
    user.__dict__.pop("_access", None)
    client.force_login(user)
    found = {
        "page": client.get(reverse("messaging:message", args=[mail.pk])).status_code == 200,
        "file": client.get(f"/files/{mail.attachments.get().file_id}/download/").status_code == 200,
        "search": mail in [hit.record for hit in search(user, "Geheimvertrag")],
        "list": mail.pk in [m.pk for m in MailMessage.objects.restrict(user)],
        "may": policy.can_record(user, mail, "view"),
    }
    palette = client.get("/search/", {"q": "Zeppelin"}).content.decode()
    found["palette"] = "Geheimvertrag" in palette
    assert len(set(found.values())) == 1, found
    return found["page"]


def told(user, record):
    user.__dict__.pop("_access", None)
    page = timeline(bind(registry[record.entity_label()], user), record)
    return [line.entry.kind for line in page.lines if line.entry.kind.startswith("messaging.")]


RECEIVED = ["messaging.mailmessage.received"]


def test_by_its_record(client, arrive, wang, rep, other, grant, make_user):
    mail = arrive(privacy="record")
    grant(other, "customers.contact", view=Scope.ALL)
    stranger = make_user("stranger")
    grant(stranger, "customers.contact", view=Scope.OWN)
    assert (sees(client, rep, mail), sees(client, other, mail), sees(client, stranger, mail)) == (True, True, False)
    assert told(other, wang) == RECEIVED


def test_private_is_private_also_before_administrators(client, arrive, wang, rep, other, boss, grant):
    mail = arrive(privacy="participants")
    grant(other, "customers.contact", view=Scope.ALL)
    grant(rep, "customers.contact", view=Scope.OWN)
    assert (sees(client, rep, mail), sees(client, other, mail), sees(client, boss, mail)) == (True, False, False)
    assert (told(rep, wang), told(other, wang), told(boss, wang)) == (RECEIVED, [], [])


def test_a_private_mail_may_be_named_and_nothing_else_told(client, arrive, wang, rep, other, grant):
    mail = arrive(privacy="participants", shows_private=True)
    grant(other, "customers.contact", view=Scope.ALL)
    assert told(other, wang) == ["messaging.mail.private"]
    client.force_login(other)
    page = client.get(registry["customers.contact"].url("record", wang.pk)).content.decode()
    assert "A private e-mail" in page
    assert "Geheimvertrag" not in page
    assert "Zeppelin" not in page
    assert not sees(client, other, mail)


def test_by_the_team(client, arrive, wang, rep, other, make_user, team, grant):
    mail = arrive(privacy="team")
    outside = make_user("outside")
    grant(outside, "customers.contact", view=Scope.ALL)
    assert not sees(client, other, mail)
    team("North", rep, other)
    assert (sees(client, other, mail), sees(client, outside, mail)) == (True, False)


def test_by_taking_part(client, arrive, rep, other):
    other.email = "Chen@Example.com"
    other.save()
    assert sees(client, other, arrive(cc="chen@example.com", privacy="participants"))


def test_by_a_shared_mailbox(client, arrive, box, rep, other):
    mail = arrive(privacy="participants", shared=True)
    assert not sees(client, other, mail)
    box.members.add(other)
    assert sees(client, other, mail)
    box.members.remove(other)
    assert not sees(client, other, mail)


def test_members_of_an_account_that_is_not_shared_any_more_see_nothing(client, arrive, box, other):
    mail = arrive(privacy="participants", shared=False)
    box.members.add(other)
    assert not sees(client, other, mail)


def test_a_link_by_hand_opens_it_and_taking_it_away_closes_it(client, arrive, rep, other, grant):
    mail = arrive(privacy="record")
    chen = make_contact(owner=other, name="陈总")
    grant(other, "customers.contact", view=Scope.OWN)
    assert not sees(client, other, mail)
    link = link_mail(mail, chen, actor=Actor(rep))
    assert sees(client, other, mail)
    assert told(other, chen) == RECEIVED
    unlink_mail(mail, link, actor=Actor(rep))
    assert not sees(client, other, mail)
    assert told(other, chen) == []


def test_changing_who_sees_it_works_at_once(client, arrive, wang, rep, other, grant):
    mail = arrive(privacy="record")
    grant(other, "customers.contact", view=Scope.ALL)
    assert sees(client, other, mail)
    set_privacy(mail, "participants", actor=Actor(rep))
    assert not sees(client, other, mail)
    assert told(other, wang) == []


@pytest.mark.parametrize("verb", ["link", "privacy", "take_back", "again", "delete"])
def test_who_only_reads_it_changes_nothing(client, arrive, wang, other, boss, grant, verb):
    mail = arrive(privacy="record")
    grant(other, "customers.contact", view=Scope.ALL)
    client.force_login(other)
    assert client.get(reverse("messaging:message", args=[mail.pk])).status_code == 200
    data = {"privacy": "participants", "entity": "customers.contact", "record": wang.pk}
    assert client.post(reverse(f"messaging:{verb}", args=[mail.pk]), data).status_code == 404
    client.post(reverse("messaging:seen", args=[mail.pk]))
    mail.refresh_from_db()
    assert (mail.privacy, mail.deleted_at, mail.seen_at) == ("record", None, None)


def test_nobody_links_to_what_they_may_not_see(client, arrive, rep, other, grant):
    mail = arrive()
    hidden = make_contact(owner=other, name="陈总")
    grant(rep, "customers.contact", view=Scope.OWN)
    client.force_login(rep)
    data = {"entity": "customers.contact", "record": hidden.pk}
    assert client.post(reverse("messaging:link", args=[mail.pk]), data).status_code == 404
    assert "陈总" not in client.get(reverse("messaging:find", args=[mail.pk]), {"q": "陈"}).content.decode()
    assert not mail.links.exists()


def test_a_record_out_of_sight_is_not_named_beside_the_mail(client, arrive, wang, rep, other, grant):
    mail = arrive(cc="chen@example.com", privacy="participants")
    other.email = "chen@example.com"
    other.save()
    MailMessage._base_manager.filter(pk=mail.pk).update(participants=[rep.pk, other.pk])
    client.force_login(other)
    page = client.get(reverse("messaging:message", args=[mail.pk])).content.decode()
    assert "Zeppelin" in page
    assert "王明" not in page


def test_nobody_writes_a_mail_through_the_generic_pages(client, boss, arrive):
    mail = arrive(privacy="record")
    client.force_login(boss)
    entity = registry["messaging.mailmessage"]
    for url in (entity.url("add"), entity.url("edit", mail.pk)):
        assert client.post(url, {"subject": "x", "version": 1}).status_code in {403, 404}
    assert MailMessage._base_manager.count() == 1


def test_the_mail_page_shows_ones_own_boxes_only(client, arrive, wang, rep, other, boss, grant):
    arrive(privacy="record")
    grant(other, "customers.contact", view=Scope.ALL)
    for user, expected in ((rep, True), (other, False), (boss, False)):
        client.force_login(user)
        pages = [
            client.get("/mail/", {"box": name}).content.decode()
            for name in ("inbox", "sent", "waiting", "unmatched", "aside", "drafts")
        ]
        assert any("Geheimvertrag" in page for page in pages) is expected


def test_strangers_are_sent_to_the_sign_in(client, arrive):
    mail = arrive()
    assert client.get(reverse("messaging:message", args=[mail.pk])).status_code == 302
    assert client.get("/mail/").status_code == 302
