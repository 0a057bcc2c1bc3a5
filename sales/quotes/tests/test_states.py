"""A quote on its way, and what may no longer be changed on it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.access.models import Scope
from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.undo import undo_entry
from customers.factories import make_account
from sales.catalogue.factories import make_product
from sales.catalogue.models import DiscountPolicy
from sales.factories import make_opportunity
from sales.quotes import services
from sales.quotes.factories import make_quote, make_quote_line
from sales.quotes.models import Quote, QuoteLine

pytestmark = pytest.mark.django_db
State = Quote.State


@pytest.fixture
def seller(rep, grant):
    for label in ("quotes.quote", "quotes.quoteline", "customers.account"):
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete"), Scope.OWN))
    return rep


@pytest.fixture
def actor(seller):
    return Actor(seller, "test")


@pytest.fixture
def quote(seller):
    return make_quote(owner=seller, lines=[{}, {"quantity": Decimal(2)}])


def fresh(quote):
    return Quote.objects.get(pk=quote.pk)


def discounted(seller, percent=30):
    DiscountPolicy.objects.create(max_discount=Decimal(5))
    quote = make_quote(owner=seller)
    make_quote_line(quote, product=make_product(), discount_percent=Decimal(percent))
    return fresh(quote)


def sent(quote, actor):
    services.submit_quote(fresh(quote), actor=actor)
    return services.hand_over(fresh(quote), actor=actor)


def test_numbers_and_an_empty_quote(quote, seller, actor):
    assert quote.number.startswith("BJ")
    with pytest.raises(ValidationError):
        services.submit_quote(make_quote(owner=seller), actor=actor)


def test_what_the_seller_may_give_is_released_at_once(quote, actor):
    services.submit_quote(quote, actor=actor)
    assert fresh(quote).state == State.APPROVED


def test_too_much_waits_for_the_superior(seller, actor, other):
    seller.manager = other
    seller.save()
    quote = discounted(seller)
    services.submit_quote(quote, actor=actor)
    assert fresh(quote).state == State.APPROVING
    with pytest.raises(ValidationError):
        services.approve_quote(fresh(quote), actor=actor)
    other.is_superuser = True
    services.approve_quote(fresh(quote), actor=Actor(other))
    assert fresh(quote).state == State.APPROVED


@pytest.fixture
def process(seller, boss, other, grant):
    grant(other, "quotes.quote", view=Scope.ALL)
    made = ApprovalProcess.objects.create(entity="quotes.quote", name="折扣审批", principal=boss)
    writing.save_version(made, {"nodes": [fresh_node() | {"by": "people", "people": [other.pk]}]}, actor=Actor(boss))
    writing.switch(made, True)
    return made


def test_a_process_decides_and_releases_in_the_last_signers_transaction(process, seller, actor, other):
    quote = discounted(seller)
    services.submit_quote(quote, actor=actor)
    task = approvals.open_instance(quote).tasks.get(state="open")
    with pytest.raises(ValidationError):
        line = quote.lines.get()
        line.discount_percent = Decimal(1)
        records.save(line, actor=actor)
    approvals.approve(task, actor=Actor(other))
    assert fresh(quote).state == State.APPROVED


def test_a_refused_request_makes_it_a_draft_again(process, seller, actor, other):
    quote = discounted(seller)
    services.submit_quote(quote, actor=actor)
    approvals.reject(approvals.open_instance(quote).tasks.get(state="open"), actor=Actor(other))
    dispatch()
    assert fresh(quote).state == State.DRAFT


def test_what_was_sent_stays_as_it_was(quote, actor):
    sent(quote, actor)
    for name, value in (("title", "anders"), ("currency", "USD"), ("discount_percent", Decimal(9)), ("terms", "x")):
        changed = fresh(quote)
        setattr(changed, name, value)
        with pytest.raises(ValidationError):
            records.save(changed, actor=actor)
    line = QuoteLine.objects.filter(document=quote).first()
    line.unit_price = Decimal(1)
    with pytest.raises(ValidationError):
        records.save(line, actor=actor)
    with pytest.raises(ValidationError):
        records.delete(QuoteLine.objects.filter(document=quote).first(), actor=actor)
    with pytest.raises(ValidationError):
        make_quote_line(quote)
    with pytest.raises(ValidationError):
        records.delete(fresh(quote), actor=actor)
    assert fresh(quote).total == Decimal(3000)


def test_a_state_is_nothing_to_be_set(quote, actor):
    quote = fresh(quote)
    quote.state = State.ACCEPTED
    with pytest.raises(ValidationError):
        records.save(quote, actor=actor)
    entry = records.save(fresh(sent(quote, actor)), actor=actor, kind="quotes.quote.sent")
    undo_entry(entry, actor=actor)
    assert fresh(quote).state == State.SENT


def test_a_new_version_takes_the_place_of_the_old(quote, actor):
    sent(quote, actor)
    draft = services.new_version(fresh(quote), actor=actor)
    assert (draft.number, draft.revision, draft.state, draft.total) == (quote.number, 2, State.DRAFT, Decimal(3000))
    assert fresh(quote).state == State.SUPERSEDED
    with pytest.raises(ValidationError):
        services.new_version(fresh(quote), actor=actor)


def test_validity_ends(quote, seller, actor):
    today = timezone.localdate()
    quote.valid_until = today
    records.save(quote, actor=actor)
    sent(quote, actor)
    assert services.expire_quotes(today) == 0
    assert services.expire_quotes(today + timedelta(days=1)) == 1
    assert services.expire_quotes(today + timedelta(days=1)) == 0
    assert fresh(quote).state == State.EXPIRED
    assert Notification.objects.filter(user=seller, kind="quote_expired").count() == 1
    with pytest.raises(ValidationError):
        services.accept_quote(fresh(quote), actor=actor)


def test_the_link_is_shown_to_who_works_on_it_alone(client, quote, seller, actor, other, grant):
    sent(quote, actor)
    address = f"/sales/quotes/{quote.pk}/"
    client.force_login(seller)
    assert "/offer/" in client.get(address).content.decode()
    grant(other, "quotes.quote", view=Scope.ALL)
    client.force_login(other)
    page = client.get(address)
    assert page.status_code == 200
    assert "/offer/" not in page.content.decode()


def test_an_opportunity_is_worth_what_is_offered_then_what_is_agreed(seller, actor):
    deal = make_opportunity(owner=seller, account=make_account(owner=seller))
    quote = make_quote(owner=seller, account=deal.account, opportunity=deal, lines=[{}, {"quantity": Decimal(2)}])
    sent(quote, actor)
    dispatch()
    deal.refresh_from_db()
    assert deal.amount == Decimal(3000)
    deal.amount = Decimal(5000)  # what people put down stays until the customer has agreed
    records.save(deal, actor=actor)
    sent(make_quote(owner=seller, account=deal.account, opportunity=deal, lines=[{}]), actor)
    dispatch()
    deal.refresh_from_db()
    assert deal.amount == Decimal(5000)
    services.accept_quote(fresh(quote), actor=actor)
    dispatch()
    deal.refresh_from_db()
    assert deal.amount == Decimal(3000)


def test_a_currency_without_a_rate_asks_for_approval(seller, actor):
    DiscountPolicy.objects.create(max_discount=Decimal(5))
    quote = make_quote(owner=seller, currency="BRL")
    make_quote_line(quote, product=make_product(list_price=Decimal(900)), unit_price=Decimal(0))
    services.submit_quote(fresh(quote), actor=actor)
    assert fresh(quote).state == State.APPROVING
