"""A contract by its verbs: handed in, signed by lawyers and finance, in force, renewed; the order and the plan with the last signature."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.models import ApprovalInstance, ApprovalProcess, ApprovalTask
from crm.approvals.nodes import fresh_node
from crm.entities import effects
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from sales.contracts import clock, making, services
from sales.contracts.models import Contract, ContractLine, ContractParty
from sales.factories import make_opportunity
from sales.orders.models import Order
from sales.quotes.models import Quote, QuoteLine
from sales.receivables.factories import TERMS, make_contract
from sales.receivables.models import Instalment

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal


@pytest.fixture
def seller(rep, grant):
    for label in ("contracts.contract", "customers.account", "sales.opportunity"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return rep


@pytest.fixture
def process(boss, make_user, grant):
    """Lawyers and finance together, the boss for large ones."""
    people = [make_user("lawyer"), make_user("money")]
    for person in people:
        grant(person, "contracts.contract", view=Scope.ALL)
    made = ApprovalProcess.objects.create(entity="contracts.contract", name="P", principal=boss, verb="approve")
    large = {"all": [{"field": "amount", "op": "gte", "value": "500000"}]}
    nodes = [
        fresh_node() | {"name": "Both", "by": "people", "people": [p.pk for p in people], "mode": "all"},
        fresh_node() | {"name": "Large", "by": "people", "people": [boss.pk], "when": large},
    ]
    writing.save_version(made, {"nodes": nodes}, actor=Actor(boss))
    writing.switch(made, True)
    return made


def sign(contract, user):
    task = ApprovalTask.objects.get(instance__record_id=contract.pk, user=user, state="open")
    approvals.approve(task, actor=Actor(user, "test"))


def people():
    return [one.user for one in ApprovalTask.objects.filter(state="open", kind="sign").order_by("pk")]


def test_the_last_signature_makes_order_and_plan(seller, boss, process):
    contract = make_contract(owner=seller, amount=D(600_000))
    services.submit_contract(contract, actor=Actor(seller))
    first, second = people()
    sign(contract, first)
    assert not Order.objects.exists()
    sign(contract, second)
    assert people() == [boss]
    assert not Instalment.objects.exists()
    sign(contract, boss)
    contract.refresh_from_db()
    assert (contract.state, Order.objects.get().total) == ("approved", D(600_000))
    assert [row.amount for row in Instalment.objects.order_by("seq")] == [D(180_000), D(360_000), D(60_000)]


def test_nobody_approves_past_the_process(seller, process, client):
    contract = make_contract(owner=seller)
    client.force_login(seller)
    assert client.post(f"/sales/contracts/{contract.pk}/do/approve/").status_code in (403, 409, 422)
    client.post(f"/sales/contracts/{contract.pk}/do/submit/", {"note": "bitte"})
    contract.refresh_from_db()
    assert contract.state == "approving"
    assert client.post(f"/sales/contracts/{contract.pk}/do/approve/").status_code in (403, 409, 422)
    contract.refresh_from_db()
    assert (contract.state, Order.objects.count()) == ("approving", 0)


@pytest.mark.parametrize("how", ["reject", "withdraw"])
def test_what_is_refused_is_a_draft_again(seller, process, how):
    contract = make_contract(owner=seller)
    services.submit_contract(contract, actor=Actor(seller))
    if how == "reject":
        task = ApprovalTask.objects.filter(state="open").first()
        approvals.reject(task, actor=Actor(task.user), comment="nein")
    else:
        approvals.withdraw(ApprovalInstance.objects.get(), actor=Actor(seller))
    contract.refresh_from_db()
    assert contract.state == "draft"
    contract.amount = D(5)
    records.save(contract, actor=Actor(seller))
    services.submit_contract(contract, actor=Actor(seller))
    assert len(people()) == 2


def test_a_contract_of_a_quote_types_nothing_twice(seller):
    account = make_account(owner=seller, name="北辰重工集团有限公司", tax_id="91120000103064074B", address="天津市")
    deal = make_opportunity(owner=seller, account=account, amount=D(5000))
    quote = Quote(owner=seller, account=account, opportunity=deal, title="泵站", discount_amount=D(10))
    records.save(quote, actor=SYSTEM)
    lines = [("泵", 2, 100, False), ("阀", 3, 50, False), ("备件", 1, 999, True)]
    records.save_many(
        [
            QuoteLine(document=quote, owner=seller, name=n, quantity=q, unit_price=p, optional=o, position=i)
            for i, (n, q, p, o) in enumerate(lines)
        ],
        actor=SYSTEM,
    )
    with pytest.raises(ValidationError), transaction.atomic():
        making.contract_of_quote(quote, actor=Actor(seller))
    Quote.objects.filter(pk=quote.pk).update(state="accepted")
    contract = making.contract_of_quote(quote, actor=Actor(seller))
    assert making.contract_of_quote(quote, actor=Actor(seller)).pk == contract.pk
    quote.refresh_from_db()
    assert (contract.amount, contract.total) == (D(340), quote.total)
    assert (contract.account, contract.opportunity, contract.quote) == (account, deal, quote)
    assert [line.name for line in ContractLine.objects.order_by("position")] == ["泵", "阀"]
    customer = ContractParty.objects.get(role="customer")
    assert (customer.name, customer.tax_id) == (account.name, account.tax_id)
    approved = services.approve_contract(contract, actor=SYSTEM)
    order = Order.objects.get(contract=approved)
    assert (order.total, order.ship_to, order.opportunity) == (D(340), "天津市", deal)
    assert [line.name for line in order.lines.order_by("position")] == ["泵", "阀"]


def test_entering_the_stage_starts_the_approval(seller, process, boss):
    deal = make_opportunity(owner=seller, account=make_account(owner=seller), amount=D(5000))
    effects.perform("submit_contract", deal, {}, actor=Actor(boss, "gate:1"))
    effects.perform("submit_contract", deal, {}, actor=Actor(boss, "gate:1"))
    contract = Contract.objects.get()
    assert (contract.state, contract.amount, contract.owner) == ("approving", D(5000), seller)
    assert ApprovalInstance.objects.get().requester == seller


def test_all_or_nothing(seller, monkeypatch):
    from sales.contracts import approving

    def fail(contract, *, actor):
        raise ValidationError("later room fails")

    monkeypatch.setattr(approving, "approvals", [*approving.approvals, fail])
    contract = make_contract(owner=seller)
    with pytest.raises(ValidationError), transaction.atomic():
        services.approve_contract(contract, actor=SYSTEM)
    contract.refresh_from_db()
    assert (contract.state, Order.objects.count(), Instalment.objects.count()) == ("draft", 0, 0)


def test_seals_one_after_the_other():
    contract = make_contract(approved=True)
    contract = services.sign_contract(contract, actor=SYSTEM, seal="ours")
    assert (contract.state, contract.signed_on) == ("approved", None)
    contract = services.sign_contract(contract, actor=SYSTEM, seal="theirs", signed_on=timezone.localdate())
    assert (contract.state, contract.seal) == ("signed", "both")
    contract.ends_on = timezone.localdate()
    with pytest.raises(ValidationError), transaction.atomic():
        records.save(contract, actor=SYSTEM)


def test_the_clock_begins_reminds_renews_and_ends(seller):
    today = timezone.localdate()
    span = {"starts_on": today + timedelta(days=1), "ends_on": today + timedelta(days=100), "payment_terms": TERMS}
    contract = make_contract(owner=seller, signed_on=today, renews=True, **span)
    assert clock.turn(today) == {"begun": 0, "reminded": 0, "ended": 0}
    assert clock.turn(today + timedelta(days=1))["begun"] == 1
    assert clock.turn(today + timedelta(days=80))["reminded"] == 1
    assert clock.turn(today + timedelta(days=81))["reminded"] == 0
    assert Notification.objects.filter(user=seller, kind="contract_ending").count() == 1
    renewal = Contract.objects.get(renewal_of=contract)
    assert (renewal.state, renewal.starts_on) == ("draft", today + timedelta(days=101))
    assert clock.turn(today + timedelta(days=101))["ended"] == 1
    contract.refresh_from_db()
    assert contract.state == "expired"


def test_the_form_of_an_agreed_contract_only_tells_what_stands_fast(boss, client):
    contract = make_contract(owner=boss, approved=True)
    client.force_login(boss)
    page = client.get(f"/sales/contracts/{contract.pk}/edit/")
    fields = page.context["form"].fields
    assert fields["title"].disabled and fields["payment_terms"].disabled
    assert not fields["description"].disabled and not fields["starts_on"].disabled
    sent = {"description": "备注", "title": "另一个", "version": contract.version, "remind_days": 30, "owner": boss.pk}
    answer = client.post(f"/sales/contracts/{contract.pk}/edit/", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    contract.refresh_from_db()
    assert (contract.description, contract.title == "另一个") == ("备注", False)
