"""A hundred redemptions at the same moment, over HTTP, before two web processes: what is there is spent, and no more."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from crm.access.models import Scope
from crm.matching.tests.test_together import CSRF, at_once, cookie_of, started
from crm.records.actor import Actor
from customers.factories import make_contact
from customers.loyalty.ledger import give
from customers.loyalty.models import ContactMembership, PointsEntry, PointsLot

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 100


def test_a_hundred_redemptions_never_overspend(rep, grant):
    grant(rep, "customers.contact", view=Scope.OWN, points=Scope.OWN)
    contact = make_contact(owner=rep)
    for points in (300, 75):
        give(contact, points, actor=Actor(rep))
    cookie = cookie_of(rep)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    path = f"/customers/contacts/{contact.pk}/do/redeem_points/"

    def asked(n: int) -> tuple[str, str, dict]:
        body = urlencode({"points": 10, "reason": f"礼品{n}", "key": f"k{n}", "csrfmiddlewaretoken": CSRF})
        return path, body, headers

    with started() as ports:
        answers = at_once(ports, [asked(n) for n in range(MANY)])
    statuses = [status for status, _body in answers]
    assert sorted(statuses) == [302] * 37 + [422] * 63
    assert ContactMembership.objects.get(pk=contact.pk).balance == 5
    burnt = list(PointsEntry.objects.filter(kind="burn").values_list("points", flat=True))
    assert burnt == [-10] * 37
    assert list(PointsLot.objects.order_by("entry_id").values_list("left", flat=True)) == [0, 5]
