"""Invitations reward themselves when the programme says so, once; contacts earn by rules of their own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.log import log_many
from customers.factories import make_account, make_contact
from customers.loyalty.events import events
from customers.loyalty.factories import make_referral
from customers.loyalty.models import (
    AccountMembership,
    ContactMembership,
    EarnRule,
    LoyaltyProgram,
    PointsEntry,
    Referral,
)
from customers.loyalty.services import reward
from marketing.kinds import BOUGHT

CONTACT = "customers.contact"


@pytest.fixture
def program(db):
    def choose(on: str, **values) -> None:
        LoyaltyProgram.objects.update_or_create(pk=1, defaults={"reward_on": on, **values})

    return choose


@pytest.fixture
def pair(rep):
    return make_contact(owner=rep, name="钱多多"), make_contact(owner=rep, name="孙小小")


def balance(record, model=ContactMembership) -> int:
    return model.objects.get(pk=record.pk).balance


def buys(record, amount="100", *, at=None, **told):
    data = {"kind": "store_purchase", "amount": amount, **told}
    log_many([record], BOUGHT, actor=Actor(None, "events"), data=[data], at=at)
    dispatch()


def test_the_first_purchase_rewards_both_once(program, pair, rep):
    program("purchase")
    inviter, invitee = pair
    referral = make_referral(owner=rep, inviter=inviter, invitee=invitee)
    dispatch()
    assert balance(inviter) == 0
    buys(invitee)
    buys(invitee)
    assert (balance(inviter), balance(invitee)) == (100, 50)
    referral.refresh_from_db()
    assert referral.state == Referral.State.REWARDED
    with pytest.raises(Exception, match="."):
        reward(referral, actor=Actor(rep))
    assert PointsEntry.objects.filter(key__startswith="referral:").count() == 2


def test_older_purchases_and_strangers_reward_nobody(program, pair, rep):
    program("purchase")
    inviter, invitee = pair
    make_referral(owner=rep, inviter=inviter, invitee=invitee)
    buys(invitee, at=timezone.now() - timedelta(days=3))
    buys(make_contact(owner=rep))
    assert balance(inviter) == 0


def test_a_private_persons_account_buys_for_the_person(program, rep):
    program("purchase")
    private, firm = make_account(owner=rep, is_person=True), make_account(owner=rep)
    inviter = make_contact(owner=rep)
    invitee, colleague = make_contact(account=private), make_contact(account=firm)
    make_referral(owner=rep, inviter=inviter, invitee=invitee)
    make_referral(owner=rep, inviter=inviter, invitee=colleague)
    buys(firm)
    assert balance(inviter) == 0
    buys(private)
    assert balance(inviter) == 100


@pytest.mark.parametrize(("on", "points"), [("hand", 0), ("joined", 100)])
def test_knowing_them_rewards_where_the_programme_says_so(program, pair, rep, on, points):
    program(on)
    inviter, invitee = pair
    referral = make_referral(owner=rep, inviter=inviter, invitee=None, name="小小")
    dispatch()
    assert balance(inviter) == 0
    referral.invitee = invitee
    records.save(referral, actor=Actor(rep))
    dispatch()
    assert balance(inviter) == points


def test_a_programme_out_of_use_and_what_is_void_give_nothing(program, pair, rep):
    program("purchase", active=False)
    inviter, invitee = pair
    referral = make_referral(owner=rep, inviter=inviter, invitee=invitee)
    buys(invitee)
    program("purchase", active=True)
    Referral.objects.filter(pk=referral.pk).update(state="void")
    buys(invitee)
    assert balance(inviter) == 0


def test_contacts_and_accounts_earn_by_their_own_rules(rep, pair):
    account, person = make_account(owner=rep), pair[0]
    EarnRule.objects.create(name="人", of=CONTACT, event=BOUGHT, per_yuan=Decimal(1))
    EarnRule.objects.create(name="企业", event=BOUGHT, points=7)
    buys(person, "12.90")
    buys(account, "500")
    buys(person, "not a number")
    assert (balance(person), balance(account, AccountMembership)) == (12, 7)
    assert BOUGHT in events


def test_a_rule_of_contacts_asks_their_fields(client, make_user, rep, grant):
    grant(rep, CONTACT, view=Scope.OWN)
    admin = make_user("root", is_superuser=True, is_staff=True)
    client.force_login(admin)
    form = {"name": "女士", "of": CONTACT, "event": BOUGHT, "points": "5", "per_yuan": "0", "active": "on"}
    form["condition"] = '{"all": [{"field": "sex", "op": "in", "value": ["female"]}]}'
    assert client.post("/admin/loyalty/earnrule/add/", form).status_code == 302
    EarnRule.objects.get(of=CONTACT)
    assert client.post("/admin/loyalty/earnrule/add/", form | {"of": "customers.account"}).status_code == 200
    lady, man = make_contact(owner=rep, sex="female"), make_contact(owner=rep, sex="male")
    buys(lady)
    buys(man)
    assert (balance(lady), balance(man)) == (5, 0)
