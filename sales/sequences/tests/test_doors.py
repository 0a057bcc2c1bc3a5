"""The doors to sequences: enrolling, the editor of steps, figures; each asks the policy."""

import re

import pytest
from django.test import Client

from crm.access.models import Scope
from sales.factories import make_lead
from sales.sequences.entering import enrol
from sales.sequences.factories import make_sequence
from sales.sequences.models import Enrolment
from sales.sequences.panels import figures_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def sells(client, seller):
    client.force_login(seller)
    return client


def test_enrolling_one(sells, lead, seller):
    sequence = make_sequence(owner=seller)
    make_sequence(owner=seller, name="停用的", active=False)
    url = f"/sales/leads/{lead.pk}/do/enrol/"
    page = sells.get(url).content.decode()
    assert "新线索跟进" in page and "停用的" not in page
    preview = re.search(r'hx-get="([^"]+)"[^>]*hx-trigger="load, change"', page)[1]
    shown = sells.get(f"{preview}?sequence={sequence.pk}").content.decode()
    assert "关于供水泵组的选型" in shown and "王强，您好" in shown
    assert sells.post(url, {"sequence": sequence.pk}).status_code == 302
    assert lead.enrolments.get().state == "active"
    assert sells.post(url, {"sequence": sequence.pk}).status_code == 422
    assert lead.enrolments.count() == 1
    assert "新线索跟进" in sells.get(f"/sales/leads/{lead.pk}/").content.decode()


def test_the_preview_shows_no_hidden_address(sells, lead, seller, field_rule):
    sequence = make_sequence(owner=seller)
    url = f"/sequences/preview/sales.lead/{lead.pk}/?sequence={sequence.pk}"
    assert lead.email in sells.get(url).content.decode()
    field_rule(seller, "sales.lead", "email", "hidden")
    field_rule(seller, "sales.lead", "name", "hidden")
    page = sells.get(url).content.decode()
    assert lead.email not in page and "关于供水泵组的选型" in page and "王强，您好" not in page


def test_enrolling_many_tells_who_was_left_out(sells, lead, seller):
    sequence, mute = make_sequence(owner=seller), make_lead(owner=seller, name="没邮箱")
    data = {"selected": [lead.pk, mute.pk], "apply": 1, "sequence": sequence.pk}
    page = sells.post("/sales/leads/bulk/do-enrol/", data, follow=True).content.decode()
    assert [one.lead_id for one in Enrolment.objects.all()] == [lead.pk]
    assert "没邮箱" in page and "1 record was changed" in page or "1 条" in page


def test_who_may_not_enrol(client, make_user, grant, lead, seller):
    sequence = make_sequence(owner=seller)
    guest = make_user("guest")
    grant(guest, "sales.lead", view=Scope.ALL, change=Scope.ALL)
    grant(guest, "sequences.sequence", view=Scope.ALL)
    client.force_login(guest)
    assert client.post(f"/sales/leads/{lead.pk}/do/enrol/", {"sequence": sequence.pk}).status_code in (403, 422)
    assert client.get(f"/sequences/{sequence.pk}/steps/").status_code == 403
    stranger = Client()
    stranger.force_login(make_user("stranger"))
    assert stranger.get(f"/sequences/{sequence.pk}/steps/").status_code == 404
    assert stranger.get(f"/sequences/preview/sales.lead/{lead.pk}/?sequence={sequence.pk}").status_code == 404
    assert not Enrolment.objects.exists()


def row(number, **values):
    given = {"position": number + 1, "kind": "mail", "wait": 1, "unit": "days", "subject": "", "body": "", **values}
    return {f"form-{number}-{name}": value for name, value in given.items()}


def posted(*rows):
    data = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": 0, "do": "save"}
    for number, values in enumerate(rows):
        data |= row(number, **values)
    return data


def test_the_editor_of_steps(sells, seller):
    sequence = make_sequence([], owner=seller)
    url = f"/sequences/{sequence.pk}/steps/"
    first = {"subject": "一", "body": "正文", "position": 2}
    assert sells.post(url, posted(first, {"kind": "call", "subject": "二", "position": 1}, {})).status_code == 302
    steps = list(sequence.steps.filter(deleted_at=None).order_by("position"))
    assert [step.subject for step in steps] == ["二", "一"]
    again = [{"id": step.pk, "kind": step.kind, "subject": step.subject, "body": step.body} for step in steps]
    again[0]["DELETE"] = "on"
    assert sells.post(url, posted(*again)).status_code == 302
    assert [step.subject for step in sequence.steps.filter(deleted_at=None)] == ["一"]
    assert sells.post(url, posted({"subject": "{{ broken", "body": "x"})).status_code == 422
    assert sells.post(url, posted({"subject": "无正文"})).status_code == 422
    assert sequence.steps.filter(deleted_at=None).count() == 1


def test_figures_count_what_one_may_see(enrolled, actor, seller, other, grant, account):
    sequence = enrolled.sequence
    account.members.add(other)
    account.shared = True
    account.save()
    for label in ("sales.lead", "sequences.enrolment", "sequences.sequence"):
        grant(other, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    from crm.records.actor import Actor

    enrol(make_lead(owner=other, email="x@customer.example"), actor=Actor(other, "test"), sequence=sequence)
    assert figures_of(sequence, seller)["enrolled"] == 1
    grant(seller, "sequences.enrolment", view=Scope.ALL)
    assert figures_of(sequence, seller) == {
        "enrolled": 2, "active": 2, "replied": 0, "met": 0, "bounced": 0, "finished": 0,
    }  # fmt: skip
