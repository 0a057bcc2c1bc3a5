"""Leads and opportunities keep their invariants in the database."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, make_source
from sales.factories import make_lead, make_opportunity, make_pipeline, make_stage
from sales.models import Opportunity, StageHistory

pytestmark = pytest.mark.django_db


def test_a_lead_needs_nothing_and_names_itself():
    assert str(make_lead(name="李雷", company="甲公司")) == "李雷"
    assert str(make_lead(name="", company="甲公司")) == "甲公司"
    lead = make_lead(name="", source=make_source("官网"), external_id="660737")
    assert str(lead) == "官网 660737"
    assert lead.title_key == "guanwang660737"


def test_the_title_follows_the_name_but_is_no_history():
    lead = make_lead(name="李雷")
    lead.name = "曾敏"
    entry = records.save(lead, actor=Actor(lead.owner))
    lead.refresh_from_db()
    assert (lead.title, lead.title_key) == ("曾敏", "zengmin")
    assert entry.changes == {"name": ["李雷", "曾敏"]}


def test_state_and_pipeline_follow_from_the_stage():
    won = make_opportunity(stage=make_stage("赢单"))
    won.refresh_from_db()
    assert (won.state, won.pipeline) == ("won", make_pipeline())


def test_an_opportunity_without_a_name_is_called_after_account_and_product():
    account = make_account(name="Cancity")
    assert str(make_opportunity(name="", account=account, product_text="GTX Pro")) == "Cancity · GTX Pro"
    assert str(make_opportunity(name="", product_text="GTXPro")) == "GTXPro"
    assert str(make_opportunity(name="", external_id="1C1I7A6R")) == "1C1I7A6R"


def test_opportunities_follow_when_a_stage_comes_to_mean_won():
    stage = make_stage("合同谈判")
    inside, outside = make_opportunity(stage=stage), make_opportunity()
    stage.is_won = True
    stage.save()
    inside.refresh_from_db()
    outside.refresh_from_db()
    assert (inside.state, inside.closed_at is not None, outside.state) == ("won", True, "open")
    stage.is_won = False
    stage.save()
    inside.refresh_from_db()
    assert (inside.state, inside.closed_at) == ("open", None)


@pytest.mark.parametrize("values", [{"amount": Decimal("-0.01")}, {"probability": Decimal("100.01")}])
def test_the_database_refuses_what_makes_no_sense(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_opportunity(**values)


def test_a_stage_belongs_to_the_pipeline_of_its_opportunity():
    opportunity = make_opportunity()
    foreign = make_pipeline("另一流程")
    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=opportunity.pk).update(pipeline=foreign)
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")


def test_empty_amounts_sort_below_zero_and_empty_dates_last():
    opportunity = make_opportunity(account=make_account())
    opportunity.refresh_from_db()
    assert opportunity.amount_key == Decimal("-1.00")
    assert opportunity.close_date_key.year == 9999


def test_stage_history_is_append_only(django_user_model):
    opportunity = make_opportunity()
    stages = list(make_pipeline().stages.all())
    move = StageHistory.objects.create(
        opportunity=opportunity, from_stage=stages[0], to_stage=stages[1], at=opportunity.created_at
    )
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        StageHistory.objects.filter(pk=move.pk).update(seconds=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        StageHistory.objects.filter(pk=move.pk).delete()
