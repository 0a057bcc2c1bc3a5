"""People of partners sign in to the portal and see what is theirs; to every other page they are nobody."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from crm.access.models import Scope
from crm.activities.models import Comment
from crm.demo.surface import PUBLIC, surface
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.sending import send_due
from customers.factories import make_contact
from customers.models import Contact
from sales.factories import make_lead, make_opportunity
from sales.partners import forwarding, people
from sales.partners.factories import make_partner, make_person
from sales.partners.models import ForwardReport, PartnerPerson

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password-7"
CANARIES = ("金丝雀", "13512345678", "canary@secret.example.com")


@pytest.fixture
def partner(rep):
    return make_partner(name="江南渠道有限公司", owner=rep)


@pytest.fixture
def person(partner):
    return make_person(partner, email="li@jn.example.com", password=PASSWORD)


@pytest.fixture
def portal(person):
    client = Client()
    answer = client.post("/portal/partner/sign-in/", {"email": "LI@jn.example.com", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"] == "/portal/partner/"
    return client


@pytest.fixture
def forward(partner, rep):
    lead = make_lead(
        owner=rep, name="钱进", company="北岸机电", mobile="13700001111", interest="水泵", description="内部备注"
    )
    return forwarding.forward_to_partner(lead, actor=Actor(rep, "test"), partner=partner, message="请尽快")


@pytest.fixture
def planted(other):
    """What no partner's person may ever read, on every kind of record that a portal page could reach for."""
    rival = make_partner(name="金丝雀渠道", owner=other)
    lead = make_lead(owner=other, name="金丝雀", mobile="13512345678", email="canary@secret.example.com")
    theirs = forwarding.forward_to_partner(lead, actor=Actor(other, "test"), partner=rival, message="金丝雀")
    make_person(rival, email="canary@secret.example.com", password=PASSWORD)
    deal = make_opportunity(owner=other, name="金丝雀")
    comment = Comment(owner=other, on_entity="sales.lead", on_id=lead.pk, text="金丝雀")
    records.save(comment, actor=Actor(other, "test"))
    return {"forward": theirs, "lead": lead, "deal": deal}


def test_every_route_of_the_program_is_shut_to_them(portal, planted, boss):
    """Each route of the surface, with the ids of planted records: nothing but the portal answers with a page."""
    ids = {label: entity.model._base_manager.values_list("pk", flat=True).first() for label, entity in registry.items()}
    answered = {}
    for route in surface()["routes"]:
        path = filled(route["route"], ids.get(route["entity"]) or planted["lead"].pk)
        if path.lstrip("/").startswith(PUBLIC) or path == "/admin/logout/":  # open to all
            continue
        for method in ("get", "post"):
            answer = getattr(portal, method)(path)
            place = answer.headers.get("Location", "")
            shut = answer.status_code in {401, 403, 404, 405} or (
                answer.status_code in {301, 302} and place.startswith(("/sign-in/", "/admin/login/"))
            )
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if not shut or any(word.encode() in body for word in CANARIES):
                answered[f"{method} {path}"] = (answer.status_code, place)
    assert answered == {}
    assert portal.get("/portal/partner/").status_code == 200  # still signed in, after all this


def filled(route: str, pk: int) -> str:
    """An address of the route."""
    values = {
        "int": str(pk),
        "str": "sales.lead",
        "slug": "sales",
        "path": "x",
        "uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12,
    }
    path = re.sub(r"<(?:(\w+):)?\w+>", lambda m: values.get(m[1] or "str", "x"), route)
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "x", path)
    return path.replace("^", "").replace("$", "").replace("\\", "").replace("?", "")


def test_every_page_of_the_portal_is_shut_to_others(client, boss, forward):
    client.force_login(boss)  # not even an administrator gets in without a sign-in of the portal
    for path in ("", "people/", f"leads/{forward.pk}/"):
        for visitor in (client, Client()):
            answer = visitor.get(f"/portal/partner/{path}")
            assert (answer.status_code, answer["Location"]) == (302, "/portal/partner/sign-in/")


def test_they_see_their_own_and_nobody_elses(portal, forward, planted):
    pages = [
        portal.get("/portal/partner/"),
        portal.get("/portal/partner/people/"),
        portal.get(f"/portal/partner/leads/{forward.pk}/"),
    ]
    text = "".join(page.content.decode() for page in pages)
    assert "北岸机电" in text
    assert not any(word in text for word in CANARIES)
    foreign = f"/portal/partner/leads/{planted['forward'].pk}/"
    assert portal.get(foreign).status_code == 404
    assert portal.post(foreign, {"verb": "accept", "answer": "我们要"}).status_code == 404
    planted["forward"].refresh_from_db()
    assert planted["forward"].state == "sent"


def test_whom_to_call_is_told_after_accepting(portal, forward, rep):
    page = f"/portal/partner/leads/{forward.pk}/"
    before = portal.get(page).content.decode()
    assert "水泵" in before
    assert not any(word in before for word in ("钱进", "13700001111", "内部备注", rep.name))
    assert portal.post(page, {"verb": "accept", "answer": ""}).status_code == 422
    assert portal.post(page, {"verb": "accept", "answer": "本周拜访"}).status_code == 302
    after = portal.get(page).content.decode()
    assert "钱进" in after
    assert "13700001111" in after
    assert not any(word in after for word in ("内部备注", rep.name))
    forward.refresh_from_db()
    assert (forward.state, forward.answer, forward.answered_by.email) == ("accepted", "本周拜访", "li@jn.example.com")


def test_they_report_until_it_is_won(portal, forward):
    page = f"/portal/partner/leads/{forward.pk}/"
    assert portal.post(page, {"verb": "report", "step": "contacted", "text": "早了"}).status_code == 302
    assert not ForwardReport.objects.exists()
    portal.post(page, {"verb": "accept", "answer": "好"})
    portal.post(page, {"verb": "report", "step": "quoted", "text": "已报价"})
    portal.post(page, {"verb": "report", "step": "won", "text": "签了"})
    forward.refresh_from_db()
    assert forward.state == "won"
    assert list(ForwardReport.objects.order_by("pk").values_list("step", "text")) == [
        ("quoted", "已报价"),
        ("won", "签了"),
    ]


def test_what_was_withdrawn_is_gone(portal, forward, as_actor, rep):
    forwarding.withdraw_forward(forward, actor=as_actor(rep), reason="客户要求")
    assert portal.get(f"/portal/partner/leads/{forward.pk}/").status_code == 404
    assert "北岸机电" not in portal.get("/portal/partner/").content.decode()


def test_revoking_ends_the_session_at_once(portal, person, as_actor, rep):
    people.revoke(person, actor=as_actor(rep))
    assert portal.get("/portal/partner/").status_code == 302
    answer = Client().post("/portal/partner/sign-in/", {"email": person.email, "password": PASSWORD})
    assert answer.status_code == 422


def test_a_partner_that_ends_lets_nobody_in(portal, partner, as_actor, rep):
    partner.refresh_from_db()
    partner.state = "suspended"
    records.save(partner, actor=as_actor(rep))
    assert portal.get("/portal/partner/").status_code == 302


def test_an_invitation_is_good_once(client, partner, rep, grant):
    grant(rep, "partners.partner", view=Scope.ALL, change=Scope.ALL)
    grant(rep, "partners.partnerperson", view=Scope.ALL, change=Scope.ALL)
    person = make_person(partner, email="neu@jn.example.com")
    client.force_login(rep)
    assert client.post(f"/partners/people/{person.pk}/do/invite/").status_code == 302
    send_due()
    assert mail.outbox[-1].to == ["neu@jn.example.com"]
    path = re.search(r"/portal/partner/welcome/\S+", mail.outbox[-1].body)[0]
    visitor, weak = Client(), {"password": "12345678", "again": "12345678"}
    assert visitor.get(path).status_code == 200
    assert visitor.post(path, weak).status_code == 422
    assert visitor.post(path, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert visitor.get("/portal/partner/").status_code == 200
    assert Client().get(path).status_code == 404
    assert Client().post(path, {"password": "another-pass-9", "again": "another-pass-9"}).status_code == 404
    person.refresh_from_db()
    assert person.state == "active"
    assert "password" not in client.get(f"/partners/people/{person.pk}/").content.decode().replace(
        "password for the portal", ""
    )


def test_a_later_invitation_makes_the_earlier_one_void(partner, as_actor, rep):
    person = make_person(partner)
    for _ in range(2):
        people.invite(person, actor=as_actor(rep))
        send_due()
    first, second = (re.search(r"/portal/partner/welcome/\S+", m.body)[0] for m in mail.outbox[-2:])
    assert [Client().get(path).status_code for path in (first, second)] == [404, 200]
    assert Client().get("/portal/partner/welcome/eyJ.forged.token/").status_code == 404


def test_only_contacts_of_the_partner_are_invited(partner, as_actor, rep):
    stranger = make_person(partner, contact=make_contact(owner=rep))
    with translation.override("en"), pytest.raises(Exception, match="no contact of this partner"):
        people.invite(stranger, actor=as_actor(rep))


def test_wrong_passwords_lock_out(person):
    client, data = Client(), {"email": person.email, "password": "wrong"}
    codes = [client.post("/portal/partner/sign-in/", data).status_code for _ in range(12)]
    assert codes[:9] == [422] * 9
    assert codes[-1] == 429
    right = data | {"password": PASSWORD}
    assert client.post("/portal/partner/sign-in/", right).status_code == 429


def test_signing_in_leaves_nobody_else_signed_in(client, boss, person):
    client.force_login(boss)
    client.post("/portal/partner/sign-in/", {"email": person.email, "password": PASSWORD})
    assert client.get("/sales/leads/").status_code == 302
    assert client.get("/portal/partner/").status_code == 200


def test_whoever_may_invites_colleagues(portal, person, partner):
    data = {"name": "周彤", "email": "zt@jn.example.com"}
    assert portal.post("/portal/partner/people/", data).status_code == 403
    PartnerPerson.objects.filter(pk=person.pk).update(is_admin=True)
    assert portal.post("/portal/partner/people/", data).status_code == 302
    made = PartnerPerson.objects.get(email="zt@jn.example.com")
    assert (made.partner, made.state, made.is_admin) == (partner, "invited", False)
    assert Contact.objects.get(email="zt@jn.example.com").account == partner.account
    assert portal.post("/portal/partner/people/", data).status_code == 422


def test_a_forgotten_password_tells_nobody_who_there_is(person):
    answers = [Client().post("/portal/partner/forgotten/", {"email": e}) for e in (person.email, "nobody@example.com")]
    send_due()
    assert {a.status_code for a in answers} == {200}
    assert [m.to for m in mail.outbox] == [[person.email]]
