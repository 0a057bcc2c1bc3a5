"""Deputies while people are away, reminders and passing on by working time; each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from crm.approvals import clock, inbox, services
from crm.approvals.models import ApprovalStep, ApprovalTask
from crm.approvals.tests.conftest import approve, ask, node, open_for, open_task
from crm.notifications.models import Notification
from crm.records.actor import Actor
from crm.reference.calendars import worktime_of
from crm.users.models import Absence

pytestmark = pytest.mark.django_db


def away(user, deputy=None, hours=1) -> Absence:
    now = timezone.now()
    return Absence.objects.create(
        user=user, deputy=deputy, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=hours)
    )


def told(user) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("id").values_list("kind", flat=True))


def test_a_deputy_sees_and_decides_and_the_log_says_for_whom(seller, signers, opportunity, make_process):
    one, two, three = signers
    absence = away(one, two)
    instance = ask(make_process(node(one)), opportunity, seller)
    assert inbox.count_waiting(one) == inbox.count_waiting(two) == 1 and inbox.count_waiting(three) == 0
    assert told(one) == told(two) == ["approval_waiting"] and told(three) == []
    approve(instance, two, open_task(instance, one))
    step = ApprovalStep.objects.get(did="approved")
    assert (step.actor, step.behalf) == (two, one)
    assert [task.instance_id for task in inbox.decided(two)] == [instance.pk]
    absence.delete()
    assert inbox.count_waiting(two) == 0


def test_back_from_leave_the_deputy_decides_no_more(seller, signers, opportunity, make_process):
    one, two, _three = signers
    absence = away(one, two)
    instance = ask(make_process(node(one)), opportunity, seller)
    absence.ends_at = timezone.now()
    absence.save()
    with pytest.raises(PermissionDenied):
        services.approve(open_task(instance, one), actor=Actor(two))


def test_a_deputys_deputy_and_nobody_for_themselves(seller, signers, opportunity, make_process):
    one, two, three = signers
    away(one, two), away(two, three)
    instance = ask(make_process(node(one)), opportunity, seller)
    assert inbox.count_waiting(three) == 1 and inbox.count_waiting(two) == 0
    Absence.objects.all().delete()
    away(one, seller)
    assert inbox.count_waiting(seller) == 0
    with pytest.raises(PermissionDenied):
        services.approve(open_task(instance, one), actor=Actor(seller))


def test_reminded_before_and_passed_on_when_late_once(seller, signers, lead_boss, opportunity, make_process):
    one = signers[0]
    one.manager = lead_boss
    one.save()
    instance = ask(make_process(node(one, hours=8, remind=2, late="superior")), opportunity, seller)
    task = open_task(instance)
    work = worktime_of(one)
    assert task.due_at == work.after(task.opened_at, timedelta(hours=8))
    assert task.remind_at == work.after(task.opened_at, timedelta(hours=6))
    assert clock.tick(task.remind_at - timedelta(seconds=1)) == 0
    assert clock.tick(task.remind_at) == 1 and clock.tick(task.remind_at) == 0
    assert told(one) == ["approval_waiting", "approval_late"]
    assert clock.tick(task.due_at) == 1
    assert open_for(instance) == {"chief"} and told(lead_boss) == ["approval_waiting"]
    assert clock.tick(task.due_at) == 0
    assert ApprovalTask.objects.get(pk=task.pk).state == "transferred"
    approve(instance, lead_boss)
    instance.refresh_from_db()
    assert instance.state == "approved"


def test_told_above_only(seller, signers, lead_boss, opportunity, make_process):
    one = signers[0]
    one.manager = lead_boss
    one.save()
    instance = ask(make_process(node(one, hours=1, late="tell")), opportunity, seller)
    due = open_task(instance).due_at
    assert clock.tick(due) == 2  # told above, and reminded
    assert open_for(instance) == {"signer0"} and told(lead_boss) == ["approval_copied"]
    assert clock.tick(due + timedelta(days=1)) == 0


def test_what_is_settled_is_left_alone(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0], hours=1, late="admin")), opportunity, seller)
    due = open_task(instance).due_at
    services.withdraw(instance, actor=Actor(seller))
    assert clock.tick(due + timedelta(days=9)) == 0


def test_outcomes_are_told_to_who_asked(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller)
    services.send_back(open_task(instance), actor=Actor(signers[0]), comment="x")
    services.ask_again(instance, actor=Actor(seller))
    approve(instance, signers[0])
    assert told(seller) == ["approval_decided", "approval_decided"]
    assert told(signers[0]) == ["approval_waiting", "approval_waiting"]


def test_reminding_by_hand_at_most_once_an_hour(seller, signers, opportunity, make_process):
    instance = ask(make_process(node(signers[0])), opportunity, seller)
    assert services.remind(instance, actor=Actor(seller)) == 1
    assert services.remind(instance, actor=Actor(seller)) == 0
    assert told(signers[0]) == ["approval_waiting", "approval_late"]


def test_who_has_left_is_replaced(seller, signers, lead_boss, boss, opportunity, make_process):
    one, two, _three = signers
    one.manager = lead_boss
    one.save()
    instance = ask(make_process(node(one, two, mode="all")), opportunity, seller)
    one.is_active = two.is_active = False
    one.save(), two.save()
    assert clock.tick() == 2 and clock.tick() == 0
    assert open_for(instance) == {"chief", "boss"}
