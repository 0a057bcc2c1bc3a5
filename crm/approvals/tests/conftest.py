"""A rep with a superior, opportunities, and processes over them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import translation

from crm.access.models import Role, Scope
from crm.approvals import services, writing
from crm.approvals.models import ApprovalProcess, ApprovalTask
from crm.approvals.nodes import fresh_node
from crm.records.actor import Actor
from sales.factories import make_opportunity

ACTIONS = ("view", "add", "change", "delete")
ENTITIES = ("customers.account", "customers.contact", "sales.opportunity", "sales.lead", "activities.task")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def lead_boss(make_user, grant):
    """The superior of the rep; sees everything of sales."""
    user = make_user("chief", name="王总", email="chief@example.com")
    for label in ENTITIES:
        grant(user, label, view=Scope.ALL)
    return user


@pytest.fixture
def seller(rep, grant, lead_boss):
    """A rep who does everything with their own records."""
    rep.manager = lead_boss
    rep.save()
    for label in ENTITIES:
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    return rep


@pytest.fixture
def robot(make_user, grant):
    """Whom processes act as."""
    user = make_user("robot", name="Robot")
    for label in ENTITIES:
        grant(user, label, **dict.fromkeys((*ACTIONS, "assign"), Scope.ALL))
    return user


@pytest.fixture
def signers(make_user, grant):
    """Three people who see opportunities and nothing more."""
    people = [make_user(f"signer{i}", name=f"Signer {i}", email=f"signer{i}@example.com") for i in range(3)]
    for person in people:
        grant(person, "sales.opportunity", view=Scope.ALL)
    return people


@pytest.fixture
def stranger(make_user):
    """Somebody without any grant."""
    return make_user("stranger", name="Finance", email="finance@example.com")


@pytest.fixture
def opportunity(seller):
    return make_opportunity(owner=seller, name="Pump station", amount=50_000)


@pytest.fixture
def make_process(robot) -> Callable[..., ApprovalProcess]:
    """``make_process(node(people=[…]), locks=["amount"])``; active at once."""

    def make(*nodes: dict, active: bool = True, values: dict | None = None, **said) -> ApprovalProcess:
        values = {
            "entity": "sales.opportunity",
            "principal": robot,
            "name": f"Process {ApprovalProcess.objects.count()}",
        } | (values or {})
        process = ApprovalProcess.objects.create(**values)
        writing.save_version(process, {"nodes": list(nodes), **said}, actor=Actor())
        if active:
            writing.switch(process, True)
        return process

    return make


def node(*people, **values) -> dict:
    """A node; people named make it one of these people."""
    made = fresh_node() | {"mode": "all"}
    if people:
        made |= {"by": "people", "people": [person.pk for person in people]}
    return made | values


@pytest.fixture
def role_of(db) -> Callable[..., Role]:
    def make(name: str, *people) -> Role:
        role = Role.objects.create(name=name, code=name.lower())
        role.users.add(*people)
        return role

    return make


def ask(process, record, user, **options):
    return services.start(process, record, actor=Actor(user, "test"), **options)


def open_task(instance, user=None) -> ApprovalTask:
    """The open task of a person, or the only one."""
    rows = ApprovalTask.objects.filter(instance=instance, state="open", kind="sign")
    return rows.get(user=user) if user else rows.get()


def open_for(instance) -> set[str]:
    """Who is to decide now, by sign-in name."""
    rows = ApprovalTask.objects.filter(instance=instance, state="open", kind="sign")
    return set(rows.values_list("user__username", flat=True))


def approve(instance, user, task=None, **options):
    return services.approve(task or open_task(instance, user), actor=Actor(user, "test"), **options)


def when(field: str, op: str, value=None) -> dict:
    return {"all": [{"field": field, "op": op, "value": value}]}
