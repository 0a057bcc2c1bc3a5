"""A request goes along its route: who is asked, what a signature does, what follows."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from crm.approvals import services, writing
from crm.approvals.models import ApprovalInstance, ApprovalStep, ApprovalTask, ProcessVersion
from crm.approvals.tests.conftest import approve, ask, node, open_for, open_task, when
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.users.models import Department
from sales.models import Opportunity

pytestmark = pytest.mark.django_db


def actor(user) -> Actor:
    return Actor(user, "test")


def said(instance) -> list[str]:
    return list(ApprovalStep.objects.filter(instance=instance).values_list("did", flat=True))


def test_one_after_the_other_then_it_is_approved_and_what_follows_is_done(seller, signers, opportunity, make_process):
    one, two, _three = signers
    process = make_process(
        node(one), node(two), approved=[{"effect": "set_fields", "params": {"next_step": "Sign the contract"}}]
    )
    instance = ask(process, opportunity, seller, note="Please")
    assert open_for(instance) == {"signer0"}
    approve(instance, one, comment="fine")
    assert open_for(instance) == {"signer1"}
    assert Opportunity.objects.get().next_step == ""
    approve(instance, two)
    instance.refresh_from_db()
    assert (instance.state, instance.holds) == ("approved", False)
    assert Opportunity.objects.get().next_step == "Sign the contract"
    assert said(instance) == ["asked", "approved", "approved", "done"]
    entries = Entry.objects.filter(entity="sales.opportunity", record_id=opportunity.pk).order_by("id")
    kinds = [entry.kind for entry in entries]
    assert kinds[1:] == [
        "approvals.asked",
        "approvals.approved",
        "approvals.approved",
        "approvals.done",
        "sales.opportunity.changed",
    ]
    assert entries.last().cause == f"approval:{instance.pk}" and entries.last().actor.username == "robot"


def test_all_any_and_in_order(seller, signers, make_process, opportunity):
    one, two, three = signers
    everybody = ask(make_process(node(*signers, mode="all")), opportunity, seller)
    assert open_for(everybody) == {"signer0", "signer1", "signer2"}
    approve(everybody, two), approve(everybody, one)
    assert open_for(everybody) == {"signer2"}
    approve(everybody, three)
    everybody.refresh_from_db()
    assert everybody.state == "approved"
    anybody = ask(make_process(node(*signers, mode="any")), opportunity, seller)
    approve(anybody, three)
    anybody.refresh_from_db()
    assert anybody.state == "approved" and open_for(anybody) == set()
    ordered = ask(make_process(node(*signers, mode="order")), opportunity, seller)
    assert open_for(ordered) == {"signer0"}
    approve(ordered, one)
    assert open_for(ordered) == {"signer1"}


def test_one_refusal_ends_it(seller, signers, opportunity, make_process):
    process = make_process(node(*signers), rejected=[{"effect": "set_fields", "params": {"next_step": "Think again"}}])
    instance = ask(process, opportunity, seller)
    services.reject(open_task(instance, signers[1]), actor=actor(signers[1]), comment="Too cheap")
    instance.refresh_from_db()
    assert (instance.state, open_for(instance)) == ("rejected", set())
    assert Opportunity.objects.get().next_step == "Think again"


def test_routes_follow_conditions(seller, signers, opportunity, make_process):
    big = node(signers[0], when=when("amount", "gte", "100000"))
    process = make_process(big, node(signers[1]))
    assert open_for(ask(process, opportunity, seller)) == {"signer1"}
    services.withdraw(ApprovalInstance.objects.get(), actor=actor(seller))
    opportunity.refresh_from_db()
    opportunity.amount = 100_000
    Opportunity.objects.filter(pk=opportunity.pk).update(amount=100_000)
    assert open_for(ask(process, opportunity, seller)) == {"signer0"}


def test_who_is_asked(seller, signers, lead_boss, make_user, opportunity, make_process, role_of, department):
    top = make_user("top")
    lead_boss.manager = top
    lead_boss.save()
    below = Department.objects.create(name="苏州", parent=department, head=seller)
    department.head = signers[2]
    department.save()
    seller.department = below
    seller.save()
    near, far = signers[0], signers[1]
    near.department = department
    near.save()
    role = role_of("Legal", near, far)
    Opportunity.objects.filter(pk=opportunity.pk).update(department=below)
    asked = {
        "superior": ({"by": "superior", "level": 1}, {"chief"}),
        "above": ({"by": "superior", "level": 2}, {"top"}),
        "head": ({"by": "head"}, {"signer2"}),
        "role": ({"by": "role", "role": role.pk}, {"signer0", "signer1"}),
        "near": ({"by": "role", "role": role.pk, "near": True}, {"signer0"}),
        "field": ({"by": "field", "field": "owner", "self": "sign"}, {"rep"}),
        "replaced": ({"by": "field", "field": "owner"}, {"chief"}),
    }
    for name, (values, expected) in asked.items():
        instance = ask(make_process(node(**values)), opportunity, seller)
        assert open_for(instance) == expected, name
        services.withdraw(instance, actor=actor(seller))


def test_nobody_there(seller, signers, boss, make_user, opportunity, make_process):
    gone = make_user("gone")
    seller.manager = None
    seller.save()
    process = make_process(node(by="superior", level=3), node(signers[0]))
    instance = ask(process, opportunity, seller)
    assert open_for(instance) == {"boss"}
    services.withdraw(instance, actor=actor(seller))
    instead = ask(make_process(node(by="superior", nobody="person", instead=signers[1].pk)), opportunity, seller)
    assert open_for(instead) == {"signer1"}
    services.withdraw(instead, actor=actor(seller))
    skipped = make_process(node(gone, nobody="skip"), node(signers[2]))
    gone.is_active = False
    gone.save()
    instance = ask(skipped, opportunity, seller)
    assert open_for(instance) == {"signer2"}
    assert said(instance)[:2] == ["asked", "passed"]


def test_nobody_is_asked_twice_unless_the_process_says_so(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]), node(signers[0], signers[1]), node(signers[0]))
    instance = ask(process, opportunity, seller)
    approve(instance, signers[0])
    assert open_for(instance) == {"signer1"}
    approve(instance, signers[1])
    instance.refresh_from_db()
    assert instance.state == "approved"
    again = ask(make_process(node(signers[0]), node(signers[0]), once=False), opportunity, seller)
    approve(again, signers[0])
    assert open_for(again) == {"signer0"}


def test_back_to_a_node_and_to_who_asked(seller, signers, opportunity, make_process):
    one, two, three = signers
    process = make_process(node(one, key="a"), node(two, key="b"), node(three, key="c"))
    instance = ask(process, opportunity, seller)
    approve(instance, one), approve(instance, two)
    with pytest.raises(ValidationError):
        services.send_back(open_task(instance, three), "c", actor=actor(three), comment="no such way")
    services.send_back(open_task(instance, three), "b", actor=actor(three), comment="look again")
    assert open_for(instance) == {"signer1"}
    services.send_back(open_task(instance, two), actor=actor(two), comment="fill in the date")
    instance.refresh_from_db()
    assert (instance.state, instance.holds, open_for(instance)) == ("returned", False, set())
    with pytest.raises(PermissionDenied):
        services.ask_again(instance, actor=actor(one))
    services.ask_again(instance, actor=actor(seller), note="done")
    assert open_for(instance) == {"signer0"}
    for person in signers:
        approve(instance, person)
    instance.refresh_from_db()
    assert instance.state == "approved"


def test_add_before_after_and_hand_on(seller, signers, stranger, lead_boss, opportunity, make_process):
    one, two, three = signers
    instance = ask(make_process(node(one)), opportunity, seller)
    services.add_signer(open_task(instance), two, after=False, actor=actor(one))
    assert open_for(instance) == {"signer1"}
    approve(instance, two)
    assert open_for(instance) == {"signer0"}
    services.add_signer(open_task(instance), three, after=True, actor=actor(one))
    with pytest.raises(ValidationError):
        services.add_signer(open_task(instance), three, after=True, actor=actor(one))
    with pytest.raises(ValidationError):
        services.add_signer(open_task(instance), seller, after=True, actor=actor(one))
    approve(instance, one)
    assert open_for(instance) == {"signer2"}
    services.transfer(open_task(instance), lead_boss, actor=actor(three), comment="on leave")
    assert open_for(instance) == {"chief"}
    with pytest.raises(services.Late):
        approve(instance, three, ApprovalTask.objects.get(user=three))
    approve(instance, lead_boss)
    instance.refresh_from_db()
    assert instance.state == "approved"


def test_copies_are_told_and_decide_nothing(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0], kind="copy"), node(signers[1]))
    instance = ask(process, opportunity, seller)
    assert open_for(instance) == {"signer1"}
    copy = ApprovalTask.objects.get(kind="copy")
    assert copy.user == signers[0]
    with pytest.raises(PermissionDenied):
        services.approve(copy, actor=actor(signers[0]))


def test_only_the_person_decides(seller, signers, boss, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller)
    for person in (signers[1], seller, boss):
        with pytest.raises(PermissionDenied):
            services.approve(open_task(instance), actor=actor(person))
    assert said(instance) == ["asked"]


def test_twice_is_once_and_too_late_is_said(seller, signers, opportunity, make_process):
    one, two, _three = signers
    instance = ask(make_process(node(one, two)), opportunity, seller)
    task = open_task(instance, one)
    approve(instance, one, task), approve(instance, one, task)
    assert said(instance) == ["asked", "approved"]
    with pytest.raises(services.Late):
        services.reject(task, actor=actor(one))
    mine = open_task(instance, two)
    services.withdraw(instance, actor=actor(seller)), services.withdraw(instance, actor=actor(seller))
    with pytest.raises(services.Late):
        approve(instance, two, mine)
    assert said(instance) == ["asked", "approved", "withdrawn"]
    assert ask(make_process(node(one)), opportunity, seller).pk != instance.pk


def test_the_same_request_twice_is_one(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]))
    first, second = ask(process, opportunity, seller), ask(process, opportunity, seller)
    assert first.pk == second.pk and ApprovalInstance.objects.count() == 1
    with pytest.raises(ValidationError, match="under way"):
        ask(make_process(node(signers[0])), opportunity, seller)


def test_a_running_request_keeps_its_version(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0], key="a"), node(signers[1], key="b"))
    instance = ask(process, opportunity, seller)
    writing.save_version(process, {"nodes": [node(signers[2], key="z")]}, actor=Actor())
    approve(instance, signers[0])
    assert open_for(instance) == {"signer1"}
    approve(instance, signers[1])
    assert open_for(ask(process, opportunity, seller)) == {"signer2"}
    with pytest.raises(DatabaseError), transaction.atomic():
        ProcessVersion.objects.filter(number=1).update(note="changed")


def test_steps_are_append_only(seller, signers, opportunity, make_process):
    ask(make_process(node(signers[0])), opportunity, seller)
    for change in (lambda rows: rows.update(comment="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(ApprovalStep.objects.all())


def test_what_cannot_follow_holds_the_last_signature_back(seller, signers, robot, opportunity, make_process, grant):
    process = make_process(node(signers[0]), approved=[{"effect": "set_fields", "params": {"next_step": "x"}}])
    instance = ask(process, opportunity, seller)
    grant(robot, "sales.opportunity", change=0)
    with pytest.raises(ValidationError, match="could not be done"):
        approve(instance, signers[0])
    instance.refresh_from_db()
    assert instance.state == "running" and open_for(instance) == {"signer0"}
    assert said(instance) == ["asked"]


def test_a_carried_verb_is_done_as_who_asked(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]), values={"verb": "win"})
    instance = ask(process, opportunity, seller, carry={"effect": "do:win", "params": {"amount": "77000"}})
    assert Opportunity.objects.get().state == "open"
    approve(instance, signers[0])
    won = Opportunity.objects.get()
    assert (won.state, won.amount, won.updated_by) == ("won", 77_000, seller)


def test_not_meant_for_it(seller, signers, opportunity, make_process):
    process = make_process(node(signers[0]), condition=when("amount", "gte", "100000"))
    with pytest.raises(ValidationError, match="not meant"):
        ask(process, opportunity, seller)
    assert services.processes_for(opportunity, seller) == []
