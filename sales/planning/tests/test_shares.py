"""Deal teams under random edits, and what their members are credited with in any currency. ``WORLDS=10000`` runs the wide one."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import ExchangeRate
from sales.contracts.models import Contract
from sales.deals.models import DealMember
from sales.deals.team import parts_of
from sales.factories import make_opportunity
from sales.planning.attainment import Board
from sales.planning.models import months_of
from sales.planning.tests.samples import sale
from sales.planning.tests.test_rates import DAYS, DEALS, MADE, RATES, worth
from sales.receivables import payments
from sales.receivables.factories import make_payment
from sales.receivables.models import Payment

pytestmark = pytest.mark.django_db
WORLDS = int(os.environ.get("WORLDS", "6"))
SYSTEM = Actor(None, "test")
D = Decimal
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["give", "give", "give", "drop", "restore"]),
        st.integers(0, 3),
        st.integers(0, 11_000).map(lambda n: D(n).scaleb(-2)),
    ),
    max_size=12,
)


class Team:
    """Who has which share of a deal, kept without the program."""

    def __init__(self, deal, people):
        self.deal, self.people, self.rows, self.shares, self.gone = deal, people, {}, {}, {}
        self.actor = Actor(deal.owner, "test")

    def edit(self, do, place, share):
        """Do it where it fits; where it does not, see it refused."""
        person = self.people[place]
        if do == "drop" and person in self.shares:
            records.delete(self._row(person), actor=self.actor)
            self.gone[person] = self.shares.pop(person)
        elif do == "restore" and person in self.gone and person not in self.shares:
            self._write(person, self.gone[person], records.restore, self._row(person))
        elif do == "give" and person not in self.gone:
            row = self._row(person) if person in self.rows else DealMember(opportunity=self.deal, user=person)
            row.share = share
            self._write(person, share, records.save, row)

    def _row(self, person):
        return DealMember.objects.get(pk=self.rows[person])

    def _write(self, person, share, write, row):
        others = sum((part for one, part in self.shares.items() if one != person), D(0))
        if others + share <= 100:
            write(row, actor=self.actor)
            self.rows[person], self.shares[person] = row.pk, share
            self.gone.pop(person, None)
        else:
            with pytest.raises((ValidationError, IntegrityError)), transaction.atomic():
                write(row, actor=self.actor)

    def parts(self):
        """Each part in percent; what nobody has is the owner's."""
        found = {person.pk: share for person, share in self.shares.items() if share}
        owner = self.deal.owner_id
        found[owner] = found.get(owner, D(0)) + 100 - sum(found.values(), D(0))
        return {pk: part for pk, part in found.items() if part}


def test_credits_of_a_team_come_to_the_total(people, make_user):
    chief, owner = people["chief"], people["rep"]
    members = [owner, people["other"], people["boss"], make_user("fourth")]
    deal = make_opportunity(owner=owner)
    contracts = [sale(owner, 1, date(2026, 1, 1), opportunity=deal) for _number in range(MADE)]
    received = [payments.confirm_payment(make_payment(contract, 1), actor=SYSTEM) for contract in contracts]
    moved = {Contract: (contracts, "signed_on"), Payment: (received, "paid_on")}

    @settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(edits=EDITS, rates=RATES, deals=DEALS, days=st.lists(DAYS, min_size=MADE, max_size=MADE))
    def world(edits, rates, deals, days):
        dated = {(of, date(2026, 1, 1) + timedelta(days=n)): rate for (of, n), rate in rates.items()}
        with transaction.atomic():
            team = Team(deal, members)
            for edit in edits:
                team.edit(*edit)
            assert parts_of(deal) == team.parts()
            ExchangeRate.objects.all().delete()
            ExchangeRate.objects.bulk_create(
                ExchangeRate(currency=of, day=day, rate=rate) for (of, day), rate in dated.items()
            )
            for (model, (rows, name)), of in zip(moved.items(), ([day for *_two, day in deals], days), strict=True):
                for row, (amount, currency, _day), day in zip(rows, deals, of, strict=True):
                    row.amount, row.currency = amount + D("0.01"), currency
                    setattr(row, name, day)
                model.objects.bulk_update(rows, ["amount", "currency", name])
                yuan = [worth(row.amount, row.currency, getattr(row, name), dated) for row in rows]
                _compare(chief, {Contract: "sales", Payment: "receipts"}[model], team.parts(), yuan)
            transaction.set_rollback(True)

    world()


def _compare(user, metric, parts, yuan):
    """All that is credited comes to all that there is, to the cent; nobody's part is off by a cent or more a row."""
    board = Board(user, metric, 2026, "year")
    found = {s.pk: board.actuals.of(s, list(months_of(2026))) for s in board.subjects if not s.is_unit}
    known = [amount for amount in yuan if amount is not None]
    assert board.actuals.unrated == len(yuan) - len(known)
    assert sum(found.values(), D(0)) == sum(known, D(0))
    for pk, credited in found.items():
        assert abs(credited - sum(known, D(0)) * parts.get(pk, D(0)) / 100) <= D("0.01") * len(known)
