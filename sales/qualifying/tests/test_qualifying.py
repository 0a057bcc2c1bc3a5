"""Questions about leads: answers, what they add up to, and what waits for them."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from crm.access.models import Scope
from crm.entities.testing import listed
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.models import Entry
from crm.records.undo import undo_entry
from sales import services
from sales.factories import make_lead, make_pipeline
from sales.models import Lead
from sales.qualifying.models import LeadQualification, Question
from sales.qualifying.services import answer, reckon

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(rep, grant):
    for label in ("sales.lead", "customers.account", "customers.contact", "sales.opportunity"):
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete", "convert"), Scope.OWN))
    return rep


@pytest.fixture
def actor(seller):
    return Actor(seller, "request")


@pytest.fixture
def asked():
    """Budget (before “qualified”), who decides, what for (a text), when (before conversion)."""
    budget = Question.objects.create(
        name="预算", kind="choice", options="已批 = 30\n申请中=15\n没有", before="qualified", position=1
    )
    decides = Question.objects.create(name="拍板", kind="yesno", points=20, position=2)
    need = Question.objects.create(name="需求", kind="text", points=5, position=3)
    when = Question.objects.create(name="时间", kind="choice", options="本月 = 10", before="converted", position=4)
    return budget, decides, need, when


@pytest.fixture
def lead(seller):
    return make_lead(owner=seller, name="王芳", company="北辰重工")


def score(lead):
    row = LeadQualification.objects.get(pk=lead.pk)
    return row.score, row.answered


def test_answers_add_up_and_are_told(lead, asked, actor):
    budget, decides, need, _when = asked
    assert score(lead) == (0, 0)
    answer(lead, budget, "申请中", actor=actor)
    answer(lead, budget, "已批", actor=actor)
    answer(lead, decides, "no", actor=actor)
    answer(lead, need, "换泵", actor=actor)
    assert score(lead) == (35, 3)
    answer(lead, need, "", actor=actor)
    assert score(lead) == (30, 2)
    told = Entry.objects.filter(entity="sales.lead", record_id=lead.pk, kind="qualifying.answered").order_by("pk")
    assert [(e.data.get("was"), e.data.get("now")) for e in told][:3] == [
        ("", "申请中"),
        ("申请中", "已批"),
        ("", "no"),
    ]
    assert "换泵" not in str([e.data for e in told])
    with pytest.raises(ValidationError):
        answer(lead, budget, "也许", actor=actor)


def test_a_changed_question_changes_the_scores(lead, asked, actor):
    answer(lead, asked[1], "yes", actor=actor)
    asked[1].points = 50
    asked[1].save()
    reckon(asked[1])
    assert score(lead) == (50, 1)
    asked[1].active = False
    asked[1].save()
    reckon(asked[1])
    assert score(lead) == (0, 0)


def test_nothing_is_qualified_before_what_must_be_known(lead, asked, actor):
    with pytest.raises(ValidationError, match="预算"):
        services.move_lead(lead, "qualified", actor=actor)
    lead.refresh_from_db()
    answer(lead, asked[0], "没有", actor=actor)
    services.move_lead(lead, "qualified", actor=actor)
    make_pipeline()
    with pytest.raises(ValidationError, match="时间"):
        services.convert_lead(lead, actor=actor)
    answer(lead, asked[3], "本月", actor=actor)
    assert services.convert_lead(lead, actor=actor).opportunity


def test_lists_ask_for_the_score(lead, asked, actor, seller, client):
    other = make_lead(owner=seller)
    answer(lead, asked[1], "yes", actor=actor)
    client.force_login(seller)
    assert listed(client, "sales.lead", "?qualification.score__gte=20") == {lead.pk}
    assert listed(client, "sales.lead", "?sort=-qualification.score") == {lead.pk, other.pk}


def test_the_panel_saves_each_answer(lead, asked, seller, client, make_user, field_rule):
    client.force_login(seller)
    url = f"/leads/{lead.pk}/answers/{asked[1].pk}/"
    page = client.get(f"/sales/leads/{lead.pk}/").content.decode()
    assert url in page and "预算" in page
    response = client.post(url, {"value": "yes"}, headers={"HX-Request": "true"})
    assert response.status_code == 200 and score(lead) == (20, 1)
    assert client.post(url, {"value": "perhaps"}, headers={"HX-Request": "true"}).status_code == 422
    stranger = Client()
    stranger.force_login(make_user("stranger"))
    assert stranger.post(url, {"value": "no"}).status_code == 404
    field_rule(seller, "sales.lead", "qualification.score", "hidden")
    assert url not in client.get(f"/sales/leads/{lead.pk}/").content.decode()
    assert client.post(url, {"value": "no"}).status_code == 403
    assert score(lead) == (20, 1)


def test_a_conversion_is_taken_back_within_the_day(lead, actor, seller, client):
    make_pipeline()
    done = services.convert_lead(lead, actor=actor)
    client.force_login(seller)
    response = client.post(f"/sales/leads/{lead.pk}/do/revert_conversion/")
    assert response.status_code == 302
    lead.refresh_from_db()
    assert (lead.status, lead.converted_account, lead.converted_at) == ("new", None, None)
    for record in (done.account, done.contact, done.opportunity):
        record.refresh_from_db()
        assert record.deleted_at
    again = services.convert_lead(lead, actor=actor)
    assert again.fresh and again.account.pk != done.account.pk
    Lead.objects.filter(pk=lead.pk).update(converted_at="2026-01-01T00:00Z")
    lead.refresh_from_db()
    with pytest.raises(ValidationError):
        services.revert_conversion(lead, actor=actor)


def test_undoing_asks_no_questions(lead, actor, asked):
    answer(lead, asked[0], "没有", actor=actor)
    services.move_lead(lead, "qualified", actor=actor)
    services.move_lead(lead, "nurturing", actor=actor)
    lead.answers.all().delete()

    last = Entry.objects.filter(entity="sales.lead", record_id=lead.pk, kind="sales.lead.changed").order_by("pk").last()
    assert undo_entry(last, actor=actor).records == 1
    lead.refresh_from_db()
    assert lead.status == "qualified"


def test_a_merge_takes_the_answers_along_and_back(lead, asked, seller, actor, grant):
    grant(seller, "sales.lead", merge=Scope.OWN)
    twin = make_lead(owner=seller, name="王芳")
    answer(lead, asked[0], "已批", actor=actor)
    answer(twin, asked[0], "没有", actor=actor)
    answer(twin, asked[1], "yes", actor=actor)
    operation = merge([lead, twin], lead, {}, actor=actor)
    dispatch()
    assert score(lead) == (50, 2)
    unmerge(operation, actor=actor)
    dispatch()
    assert (score(lead), score(twin)) == ((30, 1), (20, 2))
