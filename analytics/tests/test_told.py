"""Pages that no declaration draws: each tells what its reader knows, and nothing of a field that a rule hides or masks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from conftest import forget_access
from crm.access.models import FieldRule, Grant, Role, Scope
from crm.access.tests.guards import ROWS, TABLE
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from sales.deals.models import DealMember
from sales.factories import make_lead, make_opportunity
from sales.models import Opportunity
from sales.orders.models import Order
from sales.partners.factories import make_partner
from sales.partners.forwarding import forward_to_partner
from sales.planning import snapshots
from sales.planning.forecast import Period
from sales.receivables import payments
from sales.receivables.factories import make_contract, make_payment

pytestmark = pytest.mark.django_db
DEAL, CONTRACT, PAYMENT = "sales.opportunity", "contracts.contract", "receivables.payment"
# Only sums and lists that admins keep, never a value of one record.
SUMS = {
    "/analytics/sales/", "/analytics/sales/people/", "/analytics/rfm/", "/analytics/money/", "/analytics/money/approvals/",
    "/sales/attainment/", "/sales/targets/plan/", "/sales/cash/", "/sales/forecast/expected/",
}  # fmt: skip


@pytest.fixture
def world(rep, other, department):
    """A sale from its opportunity to its money, and the addresses of pages that tell of it: address → label, field, text."""
    rep.name, other.name, rep.department = "Zqowner", "Zqdeliver", department
    rep.save(), other.save()
    today, actor = timezone.localdate(), Actor(rep, "test")
    account = make_account(owner=rep, name="Zqaccount")
    deal = make_opportunity(owner=rep, account=account, amount=10, close_date=today, forecast_category="commit")
    snapshots.take(today - timedelta(days=1))
    Opportunity.objects.filter(pk=deal.pk).update(amount=20, stage_entered_at=timezone.now() - timedelta(days=900))
    won = make_opportunity(owner=rep, account=account, amount=10, close_date=today)
    Opportunity.objects.filter(pk=won.pk).update(state="won")
    records.save(DealMember(opportunity=deal, user=other, share=10), actor=actor)
    contract = make_contract(owner=rep, account=account, signed_on=today - timedelta(days=7))
    payments.confirm_payment(make_payment(contract, paid_on=today), actor=Actor(None, "test"))
    Order.objects.filter(contract=contract).update(delivery_owner=other, handed_over_at=timezone.now())
    order = Order.objects.get(contract=contract)
    forward_to_partner(make_lead(owner=rep), actor=actor, partner=make_partner(owner=rep))
    period, month = Period.read("", today), f"{today:%Y-%m}"
    last = (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    counted = f"subject=u{rep.pk}&first={today:%Y-%m}-01&last={last}"
    return {
        "/sales/forecast/?part=all": [(DEAL, "owner", "Zqowner")],
        f"/sales/forecast/deals/?period={period}&subject=&category=commit": [(DEAL, "owner", "Zqowner"), (DEAL, "account", "Zqaccount")],
        f"/sales/forecast/changes/?period={period}": [(DEAL, "owner", "Zqowner")],
        f"/sales/cash/rows/?flow=weighted&month={month}": [(DEAL, "owner", "Zqowner"), (DEAL, "account", "Zqaccount")],
        f"/sales/cash/rows/?flow=received&month={month}": [(PAYMENT, "owner", "Zqowner"), (PAYMENT, "account", "Zqaccount")],
        f"/sales/attainment/rows/?metric=sales&{counted}": [
            (CONTRACT, "owner", "Zqowner"),
            (CONTRACT, "account", "Zqaccount"),
        ],
        f"/sales/attainment/rows/?metric=receipts&{counted}": [(PAYMENT, "owner", "Zqowner"), (PAYMENT, "account", "Zqaccount")],
        "/analytics/wins/?by=owner": [(DEAL, "owner", "Zqowner")],
        f"/analytics/wins/rows/?by=owner&key={rep.pk}&state=won&pipeline={won.pipeline_id}": [(DEAL, "owner", "Zqowner"), (DEAL, "account", "Zqaccount")],
        "/partners/ranking/": [("partners.partner", "owner", "Zqowner")],
        "/home/widget/stalled/": [(DEAL, "owner", "Zqowner"), (DEAL, "account", "Zqaccount")],
        "/home/widget/leaders/": [(DEAL, "owner", "Zqowner")],
        "/home/widget/payments_due/": [("receivables.instalment", "account", "Zqaccount"), ("receivables.instalment", "contract", contract.number)],
        registry["orders.order"].url("record", order.pk): [("orders.order", "delivery_owner", "Zqdeliver")],
        registry[DEAL].url("panel", deal.pk, "deal_team"): [(DEAL, "owner", "Zqowner")],
    }  # fmt: skip


@pytest.fixture
def reader(make_user, grant):
    """Who sees everything."""
    user = make_user("reader")
    role = grant(user, DEAL, view=Scope.ALL)
    cells = [Grant(role=role, entity=label, action="view", scope=Scope.ALL) for label in registry if label != DEAL]
    Grant.objects.bulk_create(cells)
    forget_access(user)
    return user


@pytest.mark.parametrize("mode", ["hidden", "masked"])
def test_pages_drawn_by_hand_tell_nothing_that_a_rule_keeps(client, world, reader, mode):
    client.force_login(reader)
    role, wrong = Role.objects.get(code="test-reader"), []

    def tells(page, text):
        answer = client.get(page, headers={"HX-Request": "true"} if "/home/" in page else {})
        return answer.status_code == 200 and text in answer.content.decode()

    for page, known in world.items():
        for label, field, text in known:
            if not tells(page, text):
                wrong.append(f"{page} does not tell {field} of {label}: it proves nothing")
            rule = FieldRule.objects.create(role=role, entity=label, field=field, mode=mode)
            if tells(page, text):
                wrong.append(f"{page} tells {field} of {label}")
            rule.delete()
    assert not wrong


def test_every_page_of_rows_is_among_them(world):
    rooms = ("/sales/", "/analytics/", "/partners/")
    pages = {route for route, guard in TABLE.items() if guard == ROWS and route.startswith(rooms)}
    assert pages - {address.partition("?")[0] for address in world} == SUMS
