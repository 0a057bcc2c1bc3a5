"""Several at once: two signers, a double click, a withdrawal while somebody signs, two requests, a change of the record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation

from crm.approvals import services
from crm.approvals.models import ApprovalInstance, ApprovalStep
from crm.approvals.tests.conftest import ask, node, open_task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from sales.models import Opportunity

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def together(*acts) -> list[str]:
    """Run all at the same moment in connections of their own; what became of each."""
    barrier = Barrier(len(acts))

    def run(act) -> str:
        try:
            barrier.wait(5)
            with translation.override("en"):
                act()
        except (ValidationError, Conflict) as error:
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def said(instance) -> list[str]:
    return list(ApprovalStep.objects.filter(instance=instance).values_list("did", flat=True))


def actor(user) -> Actor:
    return Actor(user, "test")


@pytest.mark.parametrize("mode", ["all", "any"])
def test_two_signers_at_once(mode, seller, signers, opportunity, make_process):
    one, two, _three = signers
    process = make_process(
        node(one, two, mode=mode), approved=[{"effect": "set_fields", "params": {"next_step": "Sign"}}]
    )
    instance = ask(process, opportunity, seller)
    tasks = open_task(instance, one), open_task(instance, two)
    found = together(
        lambda: services.approve(tasks[0], actor=actor(one)), lambda: services.approve(tasks[1], actor=actor(two))
    )
    assert sorted(found) == (["done", "done"] if mode == "all" else ["Late", "done"])
    instance.refresh_from_db()
    assert instance.state == "approved" and said(instance).count("done") == 1
    assert Opportunity.objects.get().version == 2


def test_a_double_click_counts_once(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0]), node(signers[1])), opportunity, seller)
    task = open_task(instance)
    click = lambda: services.approve(task, actor=actor(signers[0]))  # noqa: E731
    assert together(click, click, click) == ["done"] * 3
    assert said(instance) == ["asked", "approved"]


def test_approve_and_reject_at_once(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller)
    task = open_task(instance)
    found = together(
        lambda: services.approve(task, actor=actor(signers[0])),
        lambda: services.reject(task, actor=actor(signers[0])),
    )
    assert sorted(found) == ["Late", "done"]
    instance.refresh_from_db()
    assert instance.state in {"approved", "rejected"}
    assert len([did for did in said(instance) if did in {"approved", "rejected"}]) == 1


def test_withdrawn_while_it_is_signed(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]), approved=[{"effect": "set_fields", "params": {"next_step": "Sign"}}])
    instance = ask(process, opportunity, seller)
    task = open_task(instance)
    found = together(
        lambda: services.approve(task, actor=actor(signers[0])),
        lambda: services.withdraw(instance, actor=actor(seller)),
    )
    assert sorted(found) == ["Late", "done"]
    instance.refresh_from_db()
    assert (instance.state == "approved") == (Opportunity.objects.get().next_step == "Sign")


def test_asked_twice_at_once_is_one_request(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]))
    click = lambda: ask(process, opportunity, seller)  # noqa: E731
    assert together(click, click, click) == ["done"] * 3
    assert ApprovalInstance.objects.count() == 1 and ApprovalStep.objects.count() == 1


def test_asked_while_the_record_is_changed(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]))

    def change():
        found = Opportunity.objects.get()
        found.amount = 1
        records.save(found, actor=actor(seller))

    found = together(lambda: ask(process, opportunity, seller), change)
    assert found[0] == "done" and found[1] in {"done", "ValidationError"}
    with pytest.raises(ValidationError):
        change_again = Opportunity.objects.get()
        change_again.amount = 2
        records.save(change_again, actor=actor(seller))
