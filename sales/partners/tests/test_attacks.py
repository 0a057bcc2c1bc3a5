"""A partner who tries everything: others' ids on every address, dead sessions, double presses, hostile input."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from crm.files.services import files_of
from crm.records.models import Entry
from sales.factories import make_lead
from sales.models import Lead
from sales.partners import forwarding
from sales.partners.factories import make_coop, make_document, make_feedback, make_partner, make_person
from sales.partners.models import (
    CoopOpportunity,
    DealRegistration,
    ForwardReport,
    LeadForward,
    Partner,
    PartnerCredential,
    PartnerFeedback,
    PartnerPerson,
)
from sales.partners.tests.conftest import PASSWORD, signed_in

HOME = "/portal/partner/"
OPEN_TO_ALL = {"sign_in", "sign_out", "forgotten", "welcome"}
HOSTILE = (
    "x\x00y", "\ufffe", "‮abc", "​", "<script>alert(1)</script>", "{{ 7|add:7 }}", "=cmd|' /C calc'!A0", "9" * 5000, "é" * 100_000,
)  # fmt: skip


def addresses():
    """Every route of the portal, with its name and how many ids it takes."""
    found = next(p for p in get_resolver().url_patterns if str(p.pattern) == "portal/partner/")
    return [(p.name, HOME + str(p.pattern), list(p.pattern.converters)) for p in found.url_patterns]


def forwarded(partner, owner, as_actor):
    return forwarding.forward_to_partner(
        make_lead(owner=owner, name="金丝雀", mobile="13512345678"),
        actor=as_actor(owner),
        partner=partner,
        message="金丝雀",
    )


@pytest.mark.django_db
def test_nothing_of_another_firm_opens_at_any_address(ours, theirs, firm, rival, rep, other, as_actor):
    planted = {
        "lead": [forwarded(rival, other, as_actor).pk],
        "coop": [make_coop(rival, name="金丝雀", shared=True).pk],
    }
    alone = make_document(partner=rival, title="金丝雀")
    planted["document"] = [alone.pk, files_of(alone)[0].pk]
    make_feedback(rival, title="金丝雀")
    PartnerFeedback.objects.update(submitted_by=PartnerPerson.objects.get(partner=rival))
    DealRegistration.objects.create(partner=rival, owner=other, customer="金丝雀", protected_until=None)
    entries = Entry.objects.count()
    seen = []
    for name, route, args in addresses():
        if name in OPEN_TO_ALL:
            continue
        ids = planted.get(name, [])
        assert len(ids) == len(args), f"{name} takes ids that this test knows nothing of"
        path = route
        for one, value in zip(args, ids, strict=True):
            path = path.replace(f"<int:{one}>", str(value))
        for method in ("get", "post"):
            answer = getattr(ours, method)(path, {"verb": "accept", "answer": "我们要"})
            if args:
                assert answer.status_code in {404, 405}, (method, path)
            assert "金丝雀" not in answer.content.decode(), (method, path)
            seen.append(path)
        assert "金丝雀" in b"".join(theirs.get(path)).decode() or name in {"home", "people", "document"}, path
    assert len(seen) >= 16
    made = Entry.objects.count() - entries
    assert made == 0, "what was posted to them left something behind"


@pytest.mark.django_db
def test_own_ids_of_the_wrong_kind_open_nothing(ours, firm, rep, as_actor):
    """An id that is mine on one address is nobody's on another."""
    document = make_document(partner=firm)
    file = files_of(document)[0]
    for path in (
        f"documents/{file.pk + 1000}/{file.pk}/", f"documents/{document.pk}/{file.pk + 1000}/", "leads/999999/", "together/0/",
        "documents/0/0/", f"leads/{10**17}/", f"leads/{10**30}/", f"documents/{10**30}/{10**30}/",
    ):  # fmt: skip
        assert ours.get(HOME + path).status_code == 404, path


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end", ["revoked", "deleted", "suspended", "ended", "trashed", "password", "flushed", "expired"]
)
def test_a_session_ends_with_what_it_stands_on(ours, firm, rep, as_actor, end):
    forward = forwarded(firm, rep, as_actor)
    person = PartnerPerson.objects.get()
    match end:
        case "revoked":
            PartnerPerson.objects.update(state="revoked")
        case "deleted":
            PartnerPerson.objects.update(deleted_at=timezone.now())
        case "suspended" | "ended":
            Partner.objects.update(state=end)
        case "trashed":
            Partner.objects.update(deleted_at=timezone.now())
        case "password":
            PartnerCredential.objects.update(epoch=2)
        case "flushed":
            ours.session.flush()
        case "expired":
            Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    for method, path, data in (
        ("get", HOME, {}),
        ("get", f"{HOME}leads/{forward.pk}/", {}),
        ("post", f"{HOME}leads/{forward.pk}/", {"verb": "accept", "answer": "好"}),
        ("post", f"{HOME}feedback/", {"topic": "product", "title": "x", "text": "y"}),
    ):
        answer = getattr(ours, method)(path, data)
        assert (answer.status_code, answer.headers.get("Location")) == (302, f"{HOME}sign-in/"), (end, path)
    forward.refresh_from_db()
    assert forward.state == "sent"
    assert not PartnerFeedback.objects.exists()
    if end in {"revoked", "deleted", "suspended", "ended", "trashed"}:
        answer = Client().post(f"{HOME}sign-in/", {"email": person.email, "password": PASSWORD})
        assert answer.status_code == 422


@pytest.mark.django_db
def test_pressing_twice_is_pressing_once(ours, firm, rep, as_actor):
    page = f"{HOME}leads/{forwarded(firm, rep, as_actor).pk}/"
    for _ in range(2):
        assert ours.post(page, {"verb": "accept", "answer": "好"}).status_code == 302
    for _ in range(2):
        assert ours.post(page, {"verb": "report", "step": "meeting", "text": "见过"}).status_code == 302
    assert ForwardReport.objects.count() == 1
    assert Entry.objects.filter(kind="partners.leadforward.accepted").count() == 1
    other = f"{HOME}leads/{forwarded(firm, rep, as_actor).pk}/"
    for _ in range(2):
        answer = ours.post(other, {"verb": "decline", "answer": "忙"})
        assert (answer.status_code, answer["Location"]) == (302, HOME)


@pytest.mark.django_db
def test_no_verb_that_does_not_fit_is_done(ours, firm, rep, as_actor):
    forward = forwarded(firm, rep, as_actor)
    for verb in ("won", "withdraw", "", "__class__", "report"):
        ours.post(
            f"{HOME}leads/{forward.pk}/", {"verb": verb, "answer": "x", "step": "won", "text": "x", "state": "won"}
        )
    forward.refresh_from_db()
    assert forward.state == "sent"


@pytest.mark.django_db
def test_fields_that_no_form_has_are_not_written(ours, firm, rival, other):
    extra = {
        "partner": rival.pk,
        "owner": other.pk,
        "state": "approved",
        "shared": "",
        "account": 1,
        "protected_until": "2030-01-01",
    }
    ours.post(f"{HOME}registrations/", extra | {"customer": "嘉兴滨海水处理有限公司"})
    ours.post(f"{HOME}feedback/", extra | {"topic": "product", "title": "x", "text": "y", "answer": "自答"})
    ours.post(f"{HOME}together/", extra | {"name": "联合", "partner_brings": "人"})
    deal, said, coop = DealRegistration.objects.get(), PartnerFeedback.objects.get(), CoopOpportunity.objects.get()
    assert {x.partner_id for x in (deal, said, coop)} == {firm.pk}
    assert {x.owner_id for x in (deal, said, coop)} == {firm.owner_id}
    assert (deal.state, said.state, said.answer, coop.state, coop.shared) == ("submitted", "new", "", "proposed", True)


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_refused_or_kept_harmless(ours, firm, rep, as_actor, client, boss, text):
    posts = (
        ("registrations/", {"customer": text, "tax_id": text, "phone": text, "project": text, "amount": text, "expected_on": text}),
        ("registrations/", {"customer": f"嘉兴{text}"}),
        ("feedback/", {"topic": text, "title": text, "text": text}),
        ("feedback/", {"topic": "product", "title": text, "text": text}),
        ("together/", {"name": text, "partner_brings": text, "amount": text, "expected_on": text}),
        (f"leads/{forwarded(firm, rep, as_actor).pk}/", {"verb": "accept", "answer": text}),
        ("sign-in/", {"email": text, "password": text}),
        ("forgotten/", {"email": text}),
    )  # fmt: skip
    for path, data in posts:
        answer = (Client() if path in {"sign-in/", "forgotten/"} else ours).post(HOME + path, data)
        assert answer.status_code in {200, 302, 400, 413, 422}, (path, answer.status_code)
        assert b"<script>alert" not in answer.content
    client.force_login(boss)
    pages = [HOME + path for path in ("", "registrations/", "feedback/", "together/")]
    for page, who in [(p, ours) for p in pages] + [
        (f"/partners/{p}/", client) for p in ("registrations", "feedback", "coops")
    ]:
        answer = who.get(page)
        assert answer.status_code == 200, page
        assert b"<script>alert" not in answer.content


@pytest.mark.django_db
def test_a_token_of_one_does_not_serve_another(ours, firm, rival, rep, as_actor):
    person = make_person(rival, email="neu@jb.example.com")
    for forged in (signing.dumps([person.pk, ""], salt="partners.link"), signing.dumps([person.pk, None], salt="partners.link"),
                   signing.dumps("x", salt="partners.link"), signing.dumps([person.pk, ["a"]], salt="partners.link"),
                   signing.dumps([person.pk, "x"], salt="other"), "x" * 5000):  # fmt: skip
        assert Client().get(f"{HOME}welcome/{forged}/").status_code == 404


@pytest.mark.django_db
def test_a_page_from_elsewhere_can_do_nothing(firm):
    make_person(firm, email="csrf@jn.example.com", password=PASSWORD)
    strict = Client(enforce_csrf_checks=True)
    for path in ("sign-in/", "sign-out/", "feedback/", "registrations/", "forgotten/"):
        assert strict.post(HOME + path, {"email": "csrf@jn.example.com", "password": PASSWORD}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_of_a_firm_who_accept_and_decline_at_once(rep, as_actor):
    firm = make_partner(owner=rep)
    forward = forwarded(firm, rep, as_actor)
    clients = []
    for number in range(4):
        make_person(firm, email=f"p{number}@jn.example.com", password=PASSWORD)
        clients.append(signed_in(f"p{number}@jn.example.com"))
    gate, codes = threading.Barrier(4), []

    def press(client, verb):
        try:
            gate.wait()
            codes.append(client.post(f"{HOME}leads/{forward.pk}/", {"verb": verb, "answer": verb}).status_code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=press, args=(c, v)) for c, v in zip(clients, ("accept", "decline") * 2, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    forward.refresh_from_db()
    answers = Entry.objects.filter(kind__in=("partners.leadforward.accepted", "partners.leadforward.declined"))
    assert answers.count() == 1
    assert forward.answer == ("accept" if forward.state == "accepted" else "decline")
    assert set(codes) <= {302, 404, 422}
    assert Lead.objects.count() == LeadForward.objects.count() == 1
