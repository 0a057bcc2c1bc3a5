"""A new lead runs by itself: given to somebody with the reason, a task in three working days, a reminder, the superior at last."""

from __future__ import annotations

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.activities.services import add_follow_up, add_task
from crm.notifications.models import Notification
from crm.ownership.models import AssignmentMember, AssignmentRule, Pool
from crm.ownership.pools import release
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.reference.calendars import worktime_of
from crm.workflows.demo import FIRST_CONTACT, STILL_NEW
from crm.workflows.models import Rule, RuleRun
from crm.workflows.tests.conftest import work
from crm.workflows.tests.test_timing import pass_time
from sales.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(make_rule, robot, seller, make_user, grant):
    """Received by a program, given to the seller, whose superior is the boss."""
    chief = make_user("chief", name="周明远")
    grant(chief, "sales.lead", view=Scope.ALL)
    seller.manager = chief
    seller.save()
    rule = AssignmentRule.objects.create(entity="sales.lead", name="All")
    AssignmentMember.objects.create(rule=rule, user=seller)
    make_rule({"on": "created"}, *FIRST_CONTACT, condition=STILL_NEW, entity="sales.lead")
    made = Lead(name="王芳", owner=robot)
    records.save(made, actor=Actor(robot, "import:1"))
    work()
    return made


def skip(days: int) -> None:
    """Waiting runs come due as if so many days had passed."""
    pass_time(Rule.objects.get(), days=days)
    work()


def test_assigned_task_reminder_escalation(lead, seller):
    lead.refresh_from_db()
    assert lead.owner == seller
    assert Entry.objects.get(kind="ownership.assigned", record_id=lead.pk).data["rule"] == "All"
    task = Task.objects.get()
    due = worktime_of(seller).days_after(timezone.now(), 3)
    assert (task.owner, task.on_id, timezone.localtime(task.due_at).date()) == (
        seller,
        lead.pk,
        timezone.localtime(due).date(),
    )
    skip(9)
    first = list(Notification.objects.exclude(kind__startswith="assigned").values_list("user", flat=True))
    assert seller.pk in first and seller.manager_id not in first
    skip(9)
    assert seller.manager_id in list(Notification.objects.values_list("user", flat=True))
    assert RuleRun.objects.get().state == "done"


def test_a_call_ends_it(lead, seller):
    lead.refresh_from_db()
    add_follow_up(lead, kind="call", text="通了，下周见面", actor=Actor(seller, "test"))
    work()
    lead.refresh_from_db()
    assert lead.status == "contacted" and lead.first_contacted_at is not None
    before = Notification.objects.count()
    skip(9)
    assert RuleRun.objects.get().state == "done" and Notification.objects.count() == before
    assert Task.objects.get().status == "done"  # nobody ticks off what was seen to happen


def test_another_owner_gets_the_task_too(lead, seller, make_user):
    lead.refresh_from_db()
    add_task(lead, subject="查一下背景", due_on=None, actor=Actor(seller, "test"))
    lead.owner = other = make_user("other", name="马芳阳")
    records.save(lead, actor=Actor(seller.manager, "test"))
    held = dict(Task.objects.values_list("subject", "owner"))
    assert held == {"3 天内首次联系": other.pk, "查一下背景": seller.pk}  # what one planned oneself stays one's own


def test_in_a_pool_it_is_nobodys(lead, seller):
    pool = Pool.objects.create(entity="sales.lead", name="All")
    lead.refresh_from_db()
    release(lead, actor=Actor(seller, "test"), pool=pool)
    assert Task.objects.get().status == "cancelled"
