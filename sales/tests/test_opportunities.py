"""Opportunities move, close and reopen, and each move is remembered once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Entry
from crm.records.undo import undo_entry
from sales import services
from sales.factories import make_loss_reason, make_opportunity, make_pipeline, make_stage
from sales.models import Opportunity, StageHistory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal():
    return make_opportunity(amount=Decimal("1000"))


@pytest.fixture
def actor(deal):
    return Actor(deal.owner, "test")


def entered(deal, ago):
    """As if the deal had come into its stage so long ago."""
    Opportunity.objects.filter(pk=deal.pk).update(stage_entered_at=timezone.now() - ago)
    return Opportunity.objects.get(pk=deal.pk)


def test_creating_at_a_stage_is_no_move(deal):
    assert not StageHistory.objects.exists()
    deal.refresh_from_db()
    assert deal.stage_entered_at is not None


def test_a_move_is_remembered_with_its_duration(deal, actor):
    deal = entered(deal, timedelta(days=2))
    services.move_stage(deal, str(make_stage("方案设计").pk), actor=actor)
    deal.refresh_from_db()
    move = StageHistory.objects.get()
    assert (move.from_stage.name, move.to_stage.name, move.by) == ("需求分析", "方案设计", deal.owner)
    assert move.seconds == pytest.approx(2 * 86400, abs=5)
    assert move.amount == Decimal("1000")
    assert timezone.now() - deal.stage_entered_at < timedelta(minutes=1)
    assert deal.version == 2
    assert Entry.objects.latest("id").kind == "sales.opportunity.stage_moved"


def test_moving_to_where_it_is_changes_nothing(deal, actor):
    services.move_stage(deal, deal.stage, actor=actor)
    assert not StageHistory.objects.exists()
    assert Entry.objects.count() == 1


@pytest.mark.parametrize("to", ["0", "x", "-1", 999999])
def test_a_stage_that_is_none_is_refused(deal, actor, to):
    with pytest.raises(ValidationError):
        services.move_stage(deal, to, actor=actor)


def test_a_move_may_lead_into_another_pipeline(deal, actor):
    other = make_pipeline("渠道流程")
    services.move_stage(deal, other.stages.first(), actor=actor)
    deal.refresh_from_db()
    assert deal.pipeline == other


def test_winning_closes_today(deal, actor):
    services.win_opportunity(deal, actor=actor)
    deal.refresh_from_db()
    assert (deal.state, deal.stage.name, deal.close_date) == ("won", "赢单", timezone.localdate())
    assert deal.closed_at is not None
    assert Entry.objects.latest("id").kind == "sales.opportunity.won"
    with pytest.raises(ValidationError):
        services.win_opportunity(deal, actor=actor)


def test_a_drop_on_the_won_lane_wins(deal, actor):
    services.move_stage(deal, make_stage("赢单"), actor=actor)
    assert Opportunity.objects.won().get().close_date == timezone.localdate()


def test_a_drop_on_the_lost_lane_asks_for_the_reason(deal, actor):
    with pytest.raises(ValidationError) as refused:
        services.move_stage(deal, make_stage("输单"), actor=actor)
    assert refused.value.params == {"action": "lose"}
    deal.refresh_from_db()
    assert deal.state == "open"


def test_losing_keeps_the_reason_and_reopening_drops_it(deal, actor):
    services.move_stage(deal, make_stage("合同谈判"), actor=actor)
    services.lose_opportunity(deal, actor=actor, loss_reason=make_loss_reason("预算取消"), loss_note="明年再说")
    deal.refresh_from_db()
    assert (deal.state, deal.loss_reason.name, deal.loss_note) == ("lost", "预算取消", "明年再说")
    services.reopen_opportunity(deal, actor=actor)
    deal.refresh_from_db()
    assert (deal.state, deal.stage.name, deal.loss_reason, deal.closed_at) == ("open", "合同谈判", None, None)
    assert Entry.objects.latest("id").kind == "sales.opportunity.reopened"


def test_reopening_what_was_imported_as_closed_starts_at_the_first_stage(actor):
    deal = make_opportunity(stage=make_stage("赢单"))
    services.reopen_opportunity(deal, actor=actor)
    assert deal.stage.name == "需求分析"


def test_a_deal_imported_as_closed_was_closed_on_its_close_date():
    deal = make_opportunity(stage=make_stage("赢单"), close_date=date(2017, 3, 1))
    deal.refresh_from_db()
    assert timezone.localtime(deal.closed_at).date() == date(2017, 3, 1)
    assert deal.close_date == date(2017, 3, 1)


def test_imports_make_no_durations(deal):
    by_import = Actor(deal.owner, "import:1")
    deal.stage = make_stage("方案设计")
    records.save(deal, actor=by_import)
    assert StageHistory.objects.get().seconds is None
    fresh = Opportunity(name="旧商机", stage=make_stage("需求分析"), owner=deal.owner)
    records.save(fresh, actor=by_import)
    fresh.refresh_from_db()
    assert fresh.stage_entered_at is None
    services.move_stage(fresh, make_stage("方案设计"), actor=Actor(deal.owner))
    assert StageHistory.objects.get(opportunity=fresh).seconds is None


def test_undoing_a_move_writes_the_way_back(deal, actor):
    services.move_stage(deal, make_stage("方案设计"), actor=actor)
    undone = undo_entry(Entry.objects.latest("id"), actor=actor)
    assert (undone.records, undone.conflicts) == (1, [])
    deal.refresh_from_db()
    assert deal.stage.name == "需求分析"
    assert [m.to_stage.name for m in StageHistory.objects.order_by("id")] == ["方案设计", "需求分析"]


def test_undoing_a_win_opens_the_deal(deal, actor):
    services.win_opportunity(deal, actor=actor)
    undo_entry(Entry.objects.latest("id"), actor=actor)
    deal.refresh_from_db()
    assert (deal.state, deal.closed_at, deal.close_date) == ("open", None, None)


def test_who_comes_second_is_told(deal, actor):
    stale = Opportunity.objects.get(pk=deal.pk)
    services.move_stage(deal, make_stage("方案设计"), actor=actor)
    with pytest.raises(Conflict):
        services.win_opportunity(stale, actor=actor)


def test_stalled_are_those_past_the_days_of_their_stage(deal):
    now = timezone.now()
    assert not Opportunity.objects.stalled(now).exists()
    assert not Opportunity.objects.stalled(now + timedelta(days=13, hours=23)).exists()
    assert Opportunity.objects.stalled(now + timedelta(days=14, hours=1)).get() == deal
    entered(deal, timedelta(days=100))
    make_opportunity(stage=make_stage("赢单"))
    assert Opportunity.objects.stalled(now).get() == deal
