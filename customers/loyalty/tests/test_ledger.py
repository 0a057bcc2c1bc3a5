"""Points: balance, entries and lots agree whatever happens; nothing is spent twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.records.actor import Actor
from customers.factories import make_contact
from customers.loyalty import ledger
from customers.loyalty.ledger import Kind, Move, TooFew, adjust, expire_due, give, move, redeem, relevel
from customers.loyalty.models import ContactMembership, LoyaltyProgram, MemberLevel, PointsEntry, PointsLot
from customers.models import Contact

DAY = date(2026, 1, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(1, 50), st.integers(0, 20)),
        st.tuples(st.just("redeem"), st.integers(1, 80), st.just(0)),
        st.tuples(st.just("take"), st.integers(1, 30), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 8), st.just(0)),
    ),
    max_size=25,
)


class Oracle:
    """The slow, obvious way: a list of (good until, number, points left)."""

    def __init__(self) -> None:
        self.lots: list[list[int]] = []
        self.booked: list[int] = []
        self.day = 0

    def give(self, points: int, days: int) -> None:
        self.lots.append([self.day + days, len(self.lots), points])
        self.booked.append(points)

    def spend(self, points: int) -> bool:
        if points > self.balance:
            return False
        self.booked.append(-points)
        for lot in sorted(self.lots):
            used = min(lot[2], points)
            lot[2] -= used
            points -= used
        return True

    def wait(self, days: int) -> None:
        self.day += days
        for lot in sorted(self.lots):
            if lot[0] < self.day and lot[2]:
                self.booked.append(-lot[2])
                lot[2] = 0

    @property
    def balance(self) -> int:
        return sum(lot[2] for lot in self.lots)


class Properties(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps)
    def test_balance_entries_and_lots_are_those_of_the_oracle(self, given_steps):
        contact, actor, oracle = make_contact(), Actor(None, "test"), Oracle()
        for what, amount, days in given_steps:
            if what == "give":
                until = DAY + timedelta(days=oracle.day + days)
                move(contact, Move(Kind.EARN, amount, expires_on=until), actor=actor)
                oracle.give(amount, days)
            elif what == "wait":
                oracle.wait(amount)
                expire_due(DAY + timedelta(days=oracle.day), actor=actor)
            else:
                spend = redeem if what == "redeem" else lambda c, n, *, actor: adjust(c, -n, actor=actor, reason="x")
                if oracle.spend(amount):
                    spend(contact, amount, actor=actor)
                else:
                    with pytest.raises(TooFew):
                        spend(contact, amount, actor=actor)
            assert_agrees(contact, oracle)


def assert_agrees(contact: Contact, oracle: Oracle) -> None:
    balance = ContactMembership.objects.get(pk=contact.pk).balance
    mine = PointsEntry.objects.filter(record_id=contact.pk, entity="customers.contact").order_by("id")
    assert balance == oracle.balance
    assert sum(entry.points for entry in mine) == balance
    lots = list(PointsLot.objects.filter(record_id=contact.pk).order_by("entry_id").values_list("left", flat=True))
    assert lots == [lot[2] for lot in oracle.lots]
    assert sorted(e.points for e in mine) == sorted(oracle.booked)
    running = 0
    for entry in mine:
        running += entry.points
        assert entry.balance == running


@pytest.fixture
def member(rep):
    contact = make_contact(owner=rep)
    give(contact, 100, actor=Actor(rep))
    return contact


def test_the_same_key_moves_points_once(member, rep):
    first = redeem(member, 30, actor=Actor(rep), key="order-1")
    assert redeem(member, 30, actor=Actor(rep), key="order-1") == first
    assert ContactMembership.objects.get(pk=member.pk).balance == 70


def test_nobody_overspends_and_nothing_is_written(member, rep):
    with pytest.raises(TooFew):
        redeem(member, 101, actor=Actor(rep))
    assert PointsEntry.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        ContactMembership.objects.filter(pk=member.pk).update(balance=-1)


def test_the_ledger_can_only_be_added_to(member):
    for statement in ("update loyalty_pointsentry set points = 5", "delete from loyalty_pointsentry"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_levels_follow_what_was_earned_not_what_is_left(member, rep):
    silver = MemberLevel.objects.create(name_zh="银卡", name_en="Silver", threshold=100)
    gold = MemberLevel.objects.create(name_zh="金卡", name_en="Gold", threshold=500)
    assert relevel() == 1
    redeem(member, 90, actor=Actor(rep))
    assert ContactMembership.objects.get(pk=member.pk).level == silver
    adjust(member, 1000, actor=Actor(rep), reason="补录")
    assert ContactMembership.objects.get(pk=member.pk).level == silver
    give(member, 400, actor=Actor(rep))
    assert ContactMembership.objects.get(pk=member.pk).level == gold


def test_points_are_good_for_the_months_of_the_programme(rep, db):
    LoyaltyProgram(pk=1, months=12).save()
    contact = make_contact(owner=rep)
    now = datetime(2026, 2, 28, 4, tzinfo=UTC)
    assert give(contact, 10, actor=Actor(rep), now=now).expires_on == date(2027, 2, 28)
    assert expire_due(date(2027, 2, 28), actor=Actor(None)) == 0
    assert expire_due(date(2027, 3, 1), actor=Actor(None)) == 1
    assert expire_due(date(2027, 3, 1), actor=Actor(None)) == 0
    assert PointsEntry.objects.aggregate(left=Sum("points"))["left"] == 0


def test_an_adjustment_says_why(member, rep):
    with pytest.raises(ledger.ValidationError):
        adjust(member, 5, actor=Actor(rep), reason=" ")


def test_only_the_reason_is_blanked_where_values_are_erased(member):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
        cursor.execute("update loyalty_pointsentry set reason = ''")
        assert cursor.rowcount == 1
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("update loyalty_pointsentry set points = 7")
