"""Two partners that know nothing of each other, and their people signed in to the portal."""

import pytest
from django.test import Client

from sales.partners.factories import make_level, make_partner, make_person

PASSWORD = "a-long-password-7"


def signed_in(email):
    client = Client()
    assert client.post("/portal/partner/sign-in/", {"email": email, "password": PASSWORD}).status_code == 302
    return client


@pytest.fixture
def gold():
    return make_level("试金牌", rank=130)


@pytest.fixture
def silver():
    return make_level("试银牌", rank=120)


@pytest.fixture
def firm(rep, gold):
    return make_partner(name="江南渠道有限公司", owner=rep, level=gold)


@pytest.fixture
def rival(other, silver):
    return make_partner(name="江北渠道", owner=other, level=silver)


@pytest.fixture
def ours(firm):
    make_person(firm, email="firm@jn.example.com", password=PASSWORD)
    return signed_in("firm@jn.example.com")


@pytest.fixture
def theirs(rival):
    make_person(rival, email="rival@jb.example.com", password=PASSWORD)
    return signed_in("rival@jb.example.com")
