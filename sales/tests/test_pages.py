"""Converting, winning and moving through the pages, as a person does it."""

from decimal import Decimal

import pytest

from crm.access.models import Scope
from crm.entities.entity import registry
from customers.factories import make_account
from customers.models import Account, Contact
from sales.factories import make_lead, make_loss_reason, make_opportunity, make_pipeline, make_stage
from sales.models import Lead, Opportunity

pytestmark = pytest.mark.django_db

LABELS = ("sales.lead", "sales.opportunity", "customers.account", "customers.contact")


def url(record, verb):
    return registry[record.entity_label()].url("action", record.pk, verb)


@pytest.fixture
def seller(rep, grant):
    """A rep who may work with their own records."""
    for label in LABELS:
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    grant(rep, "sales.lead", convert=Scope.OWN)
    make_pipeline()
    return rep


@pytest.fixture
def page(client, seller):
    client.force_login(seller)
    return client


def test_a_lead_is_converted_on_its_page(page, seller):
    lead = make_lead(owner=seller, name="曾敏", company="海岳装备有限公司", interest="数控机床")
    shown = page.get(url(lead, "convert"))
    assert "海岳装备有限公司" in shown.content.decode()
    data = {"account": "new", "contact": "new", "create_opportunity": "on", "stage": make_stage().pk, "amount": "3万"}
    answer = page.post(url(lead, "convert"), data | {"opportunity_name": "机床项目", "version": lead.version})
    account = Account.objects.get()
    assert answer.headers["Location"] == registry["customers.account"].url("record", account.pk)
    assert Opportunity.objects.get().amount == Decimal("30000")
    assert Contact.objects.get().account == account
    again = page.post(url(lead, "convert"), data | {"version": lead.version})
    assert again.status_code == 409
    assert Account.objects.count() == 1


def test_a_colleagues_lookalike_is_counted_not_shown(page, seller, other):
    make_account(name="海岳装备集团有限公司", owner=other)
    lead = make_lead(owner=seller, name="曾敏", company="海岳装备有限公司")
    shown = page.get(url(lead, "convert")).content.decode()
    assert "海岳装备集团" not in shown
    assert "1 record of a colleague" in shown


def test_a_foreign_lead_and_a_missing_right_are_refused(page, seller, other, grant):
    foreign = make_lead(owner=other)
    assert page.get(url(foreign, "convert")).status_code == 404
    mine = make_lead(owner=seller)
    grant(seller, "sales.lead", convert=Scope.NONE)
    assert page.post(url(mine, "convert"), {"account": "new", "contact": "new"}).status_code == 403
    assert Lead.objects.filter(status="new").count() == 2


def test_losing_without_a_reason_is_asked_again(page, seller):
    deal = make_opportunity(owner=seller)
    assert page.post(url(deal, "lose"), {"version": deal.version}).status_code == 422
    page.post(url(deal, "lose"), {"loss_reason": make_loss_reason().pk, "version": deal.version})
    assert Opportunity.objects.lost().get().loss_reason.name == "价格太高"


def test_the_path_moves_and_refuses_what_has_moved_on(page, seller):
    deal = make_opportunity(owner=seller)
    data = {"stage": make_stage("方案设计").pk, "version": deal.version}
    assert page.post(url(deal, "move"), data).status_code == 302
    deal.refresh_from_db()
    assert deal.stage.name == "方案设计"
    assert page.post(url(deal, "move"), data).status_code == 409


def test_the_page_of_an_opportunity_shows_path_and_figures(page, seller):
    deal = make_opportunity(owner=seller, amount=Decimal("1000"), account=make_account(owner=seller))
    shown = page.get(registry["sales.opportunity"].url("record", deal.pk)).content.decode()
    assert 'aria-current="step"' in shown
    assert "¥1,000.00" in shown


def move(page, record, stage):
    address = registry["sales.opportunity"].url("move", record.pk)
    return page.post(address, {"to": make_stage(stage).pk, "version": record.version})


def test_the_board_adds_up_each_stage_and_takes_drops(page, seller, other):
    pipeline = make_pipeline()
    deal = make_opportunity(owner=seller, amount=Decimal("20000"), name="机床项目")
    make_opportunity(owner=seller, amount=Decimal("30000"))
    make_opportunity(owner=other, amount=Decimal("70000"), name="别人的项目")
    board = page.get(registry["sales.opportunity"].url("board"), {"pipeline": pipeline.pk}).content.decode()
    assert "机床项目" in board
    assert "别人的项目" not in board
    assert "¥50K" in board
    assert move(page, deal, "方案设计").status_code == 200
    deal.refresh_from_db()
    assert deal.stage.name == "方案设计"


def test_a_drop_on_won_wins_and_on_lost_asks_why(page, seller):
    deal = make_opportunity(owner=seller)
    lost = move(page, deal, "输单")
    assert lost.status_code == 422
    assert 'name="loss_reason"' in lost.content.decode()
    assert move(page, deal, "赢单").status_code == 200
    assert Opportunity.objects.won().get() == deal


def test_a_foreign_card_is_not_found(page, other):
    assert move(page, make_opportunity(owner=other), "方案设计").status_code == 404
