"""A pool of leads with two members, and leads that lie in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from conftest import forget_access
from crm.access.models import Grant, Role, Scope
from crm.ownership.models import Pool, PoolMember
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.models import Lead

LEAD = "sales.lead"
SYSTEM = Actor(None, "test")


@pytest.fixture
def sellers(db) -> Role:
    """Whoever has this role sees, adds and changes their own leads and accounts."""
    role = Role.objects.create(name="Sellers", code="sellers")
    for label in (LEAD, "customers.account"):
        for action in ("view", "add", "change"):
            Grant.objects.create(role=role, entity=label, action=action, scope=Scope.OWN)
    return role


@pytest.fixture
def people(make_user, sellers) -> list[User]:
    """Ann and Bob, who sell."""
    found = [make_user(name) for name in ("ann", "bob")]
    sellers.users.add(*found)
    return found


@pytest.fixture
def make_pool(db) -> Callable[..., Pool]:
    def make(*members: User, keepers: tuple[User, ...] = (), **values: Any) -> Pool:
        pool = Pool.objects.create(**{"entity": LEAD, "name": f"Pool {Pool.objects.count()}", **values})
        PoolMember.objects.bulk_create(PoolMember(pool=pool, user=user) for user in members)
        PoolMember.objects.bulk_create(PoolMember(pool=pool, user=user, keeper=True) for user in keepers)
        return pool

    return make


@pytest.fixture
def put() -> Callable[..., Lead]:
    """``put(pool, name="…")`` is a lead that lies in the pool."""

    def make(pool: Pool, model: Any = Lead, **values: Any) -> Any:
        record = model(pool=pool, **{"name": "Pump works", **values})
        records.save(record, actor=SYSTEM)
        return record

    return make


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        forget_access(user)
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return sign_in


def do(client: Client, record: Any, verb: str, **data: Any) -> Any:
    """Press a button of the record's page."""
    area, slug = ("sales", "leads") if isinstance(record, Lead) else ("customers", "accounts")
    return client.post(f"/{area}/{slug}/{record.pk}/do/{verb}/", data)
