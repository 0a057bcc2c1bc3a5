"""Fit scores: weighted, fading, explained; written with the record, and told of once when it gets hot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.customfields import definitions
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from marketing.scoring.models import AccountFit, LeadFit, ScoreModel, ScoreRule
from marketing.scoring.services import score
from marketing.scoring.tasks import nightly
from sales.factories import make_lead
from sales.models import Lead

LEAD, ACCOUNT = "sales.lead", "customers.account"
HOT = {"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}
VIP = {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}


@pytest.fixture
def rules(db):
    ScoreRule.objects.create(of=LEAD, name="意向高", condition=HOT, points=60)
    ScoreRule.objects.create(
        of=LEAD, name="有电话", condition={"all": [{"field": "mobile", "op": "filled"}]}, points=25
    )
    ScoreRule.objects.create(of=LEAD, name="停用", points=500, active=False)
    ScoreModel.objects.create(of=LEAD, hot_from=80)
    definitions.look_again()
    yield
    definitions.assume_none()


def fit(lead):
    return LeadFit.objects.get(pk=lead.pk)


def test_scored_with_the_record_and_told_once(rules, rep, grant):
    grant(rep, LEAD, view=Scope.OWN)
    lead = make_lead(owner=rep, rating="hot", mobile="")
    assert (fit(lead).score, fit(lead).hot_at) == (60, None)
    lead = Lead.objects.get(pk=lead.pk)
    lead.mobile = "13800138000"
    records.save(lead, actor=Actor(rep))
    assert fit(lead).score == 85
    assert fit(lead).hot_at is not None
    for _again in range(2):
        lead = Lead.objects.get(pk=lead.pk)
        lead.description = f"{lead.description}x"
        records.save(lead, actor=Actor(rep))
        nightly()
    assert Notification.objects.filter(user=rep, kind="hot_score").count() == 1


def test_it_cools_down_and_may_get_hot_again(rules, rep, grant):
    grant(rep, LEAD, view=Scope.OWN)
    lead = make_lead(owner=rep, rating="hot", mobile="13800138000")
    for rating in ("cold", "hot"):
        lead = Lead.objects.get(pk=lead.pk)
        lead.rating = rating
        records.save(lead, actor=Actor(rep))
        assert (fit(lead).hot_at is not None) == (rating == "hot")
    assert Notification.objects.filter(kind="hot_score").count() == 2


def test_points_fade_by_half(rep, db):
    ScoreRule.objects.create(of=ACCOUNT, name="新近", points=80, dated_by="created_at", half_life=10)
    ScoreRule.objects.create(of=ACCOUNT, name="坏规则", points=99, condition={"all": [{"field": "no", "op": "is"}]})
    ScoreRule.objects.create(of=ACCOUNT, name="从未联系", points=40, dated_by="last_activity_at", half_life=10)
    definitions.look_again()
    account, now = make_account(owner=rep), timezone.now()
    for days, wanted in ((0, 80), (10, 40), (20, 20), (200, 0)):
        score(ACCOUNT, now=now + timedelta(days=days))
        assert AccountFit.objects.get(pk=account.pk).score == wanted
    definitions.assume_none()


def test_lists_sort_by_it_and_the_page_explains_it(rules, rep, grant, client, field_rule):
    grant(rep, LEAD, view=Scope.OWN)
    cold, warm = (
        make_lead(owner=rep, name="冷先生", mobile=""),
        make_lead(owner=rep, name="热先生", rating="hot", mobile=""),
    )
    client.force_login(rep)
    body = client.get("/sales/leads/?cols=name,fit.score&sort=-fit.score").content.decode()
    assert body.index("热先生") < body.index("冷先生")
    page = client.get(f"/sales/leads/{warm.pk}/").content.decode()
    assert "意向高" in page
    assert "+60" in page
    assert "意向高" not in client.get(f"/sales/leads/{cold.pk}/").content.decode()
    field_rule(rep, LEAD, "rating", "hidden")
    page = client.get(f"/sales/leads/{warm.pk}/").content.decode()
    assert "意向高" not in page
    assert "+60" in page


def test_changing_a_rule_scores_everything_anew_and_tells_nobody(rules, rep, boss, client):
    lead = make_lead(owner=rep, rating="hot", mobile="13800138000")
    Notification.objects.all().delete()
    client.force_login(boss)
    rule = ScoreRule.objects.get(name="有电话")
    form = {
        "name": "有电话",
        "condition": '{"all":[{"field":"mobile","op":"filled"}]}',
        "points": "5",
        "position": "1",
        "active": "on",
    }
    assert client.get(f"/admin/scoring/scorerule/{rule.pk}/change/").status_code == 200
    assert client.post(f"/admin/scoring/scorerule/{rule.pk}/change/", form).status_code == 302
    definitions.look_again()
    run(Job.objects.get(kind="scoring.score").pk)
    assert (fit(lead).score, fit(lead).hot_at) == (65, None)
    assert client.post(f"/admin/scoring/scorerule/{rule.pk}/change/", {**form, "half_life": "5"}).status_code == 200
    assert not Notification.objects.exists()


def test_a_batch_is_scored_in_one_statement(rules, rep, django_assert_max_num_queries):
    leads = [Lead(name=f"李{n}", rating="hot", owner=rep) for n in range(50)]
    records.save_many(leads, actor=Actor(rep))
    with django_assert_max_num_queries(3):
        assert score(LEAD, [lead.pk for lead in leads]) == 0
    assert LeadFit.objects.filter(score=60).count() == 50


def test_a_list_of_many_rules_is_saved_with_one_job(rules, boss, client):
    client.force_login(boss)
    found = list(ScoreRule.objects.all())
    form = {"form-TOTAL_FORMS": len(found), "form-INITIAL_FORMS": len(found), "_save": "1"}
    for i, rule in enumerate(found):
        form |= {f"form-{i}-id": rule.pk, f"form-{i}-points": 7 + i, f"form-{i}-position": i, f"form-{i}-active": "on"}
    assert client.post("/admin/scoring/scorerule/", form).status_code == 302
    assert sorted(ScoreRule.objects.values_list("points", flat=True)) == [7, 8, 9]
    assert Job.objects.filter(kind="scoring.score").count() == 1
    Job.objects.update(state="running")  # which has read the rules already
    assert client.post("/admin/scoring/scorerule/", form | {"form-0-points": 70}).status_code == 302
    assert Job.objects.filter(kind="scoring.score").count() == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_nothing_is_hot_any_more_without_the_threshold(rules, rep, boss, client, at_once):
    lead = make_lead(owner=rep, rating="hot", mobile="13800138000")
    assert fit(lead).hot_at is not None
    client.force_login(boss)
    pk = ScoreModel.objects.get().pk
    if at_once:
        form = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        assert client.post("/admin/scoring/scoremodel/", form).status_code == 302
    else:
        assert client.post(f"/admin/scoring/scoremodel/{pk}/delete/", {"post": "yes"}).status_code == 302
    definitions.look_again()
    run(Job.objects.get(kind="scoring.score").pk)
    assert (fit(lead).score, fit(lead).hot_at) == (85, None)
