"""People at work on customers and sales, for the tests of the generic pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from conftest import forget_access
from crm.access.models import FieldRule, Grant, Role, Scope
from crm.customfields import definitions
from crm.entities.entity import registry
from crm.entities.testing import LABELS, chain, define_customs
from crm.records.actor import Actor
from crm.users.models import User
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

ENTITIES = ("customers.account", "customers.contact", "customers.accountcontact", "sales.opportunity", "sales.lead")
ACTIONS = ("view", "add", "change", "delete")


@pytest.fixture(autouse=True)
def quiet(monkeypatch) -> None:
    """Refusals are what these tests ask for; drawing each one's traceback takes longer than all the rest."""
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)


@pytest.fixture(autouse=True)
def customised(request) -> Iterator[None]:
    """What holds for every entity must hold with fields that admins defined on it."""
    if "label" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("db")
    define_customs(request.getfixturevalue("label"), Actor(None, "test"))
    yield
    definitions.assume_none()


@pytest.fixture
def seller(rep, grant) -> User:
    """A rep who does everything with their own records."""
    for label in ENTITIES:
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    return rep


@pytest.fixture
def client_of(client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def sells(seller, client_of) -> Client:
    """The rep's browser."""
    return client_of(seller)


@pytest.fixture
def account(seller) -> Account:
    return make_account(name="北辰重工集团有限公司", owner=seller, phone="022-6530 1188", employees=1200)


@pytest.fixture
def contact(seller, account) -> Contact:
    return make_contact(name="刘建国", owner=seller, account=account)


@pytest.fixture
def posted() -> Callable[..., dict[str, Any]]:
    """What a browser posts for a record: every field of its form, with ``changes``."""

    def post(form: Any, **changes: Any) -> dict[str, Any]:
        data = {}
        for bound_field in form:
            value = bound_field.field.prepare_value(bound_field.value())
            if bound_field.field.disabled or value in (None, False):
                continue
            data[bound_field.name] = bound_field.field.widget.format_value(value) if value is not True else "on"
        data = {name: (value[0] if value else "") if isinstance(value, list) else value for name, value in data.items()}
        return {name: value for name, value in {**data, **changes}.items() if value is not None}

    return post


@pytest.fixture
def may(grant) -> Callable[..., None]:
    """``may(user, label, Scope.OWN)`` grants everything there; ``view=Scope.ALL`` only that; entities above go along."""

    def give(user: User, label: str, scope: Scope | None = None, **scopes: Scope) -> None:
        for one in chain(label):
            wanted = dict.fromkeys(registry[one].granted, scope) if scope is not None else {}
            grant(user, one, **wanted | scopes)

    return give


@pytest.fixture
def may_everything(rep, grant) -> Callable[[], None]:
    """Grants the rep every action on every entity, at once: there are many of both."""

    def give() -> None:
        role = grant(rep, LABELS[0], view=Scope.ALL)
        cells = [
            Grant(role=role, entity=label, action=action, scope=Scope.ALL)
            for label, entity in registry.items()
            for action in entity.granted
        ]
        Grant.objects.bulk_create(
            cells, update_conflicts=True, unique_fields=["role", "entity", "action"], update_fields=["scope"]
        )
        forget_access(rep)

    return give


@pytest.fixture
def signed_in(client, rep) -> Client:
    """The rep's browser, with no rights yet."""
    client.force_login(rep)
    return client


@pytest.fixture
def rules(rep) -> Callable[..., None]:
    """``rules(label, names, "hidden")`` on the role of the rep."""

    def put(label: str, names: Any, mode: str) -> None:
        role = Role.objects.get(code=f"test-{rep.username}")
        steps = {registry[label].field(name).steps[-1] for name in names}
        FieldRule.objects.bulk_create(FieldRule(role=role, entity=e, field=f, mode=mode) for e, f in steps)
        rep.__dict__.pop("_access", None)

    return put
