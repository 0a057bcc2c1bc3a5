"""Plans that become tasks, and how many calls, visits and meetings were made."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from crm.access.models import Role, Scope
from crm.activities.models import ActivityPlan, ActivityTarget, PlanStep, Task
from crm.activities.planning import KEPT, apply_plan, due_of
from crm.activities.services import add_follow_up, complete_task
from crm.activities.volume import week_of
from crm.entities.effects import perform
from crm.entities.entity import registry
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.undo import undo
from crm.reference.calendars import worktime_of
from crm.users.models import Absence
from customers.factories import make_account, make_contact

pytestmark = pytest.mark.django_db
ALL, OWN = Scope.ALL, Scope.OWN


@pytest.fixture
def seller(rep, keeps, grant):
    keeps(rep)
    for label in ("customers.account", "customers.contact", "sales.opportunity"):
        grant(rep, label, view=OWN, change=OWN, add=OWN)
    return rep


@pytest.fixture
def account(seller):
    return make_account(name="北辰重工集团有限公司", owner=seller)


# Plans


@pytest.fixture
def plan():
    cache.delete(KEPT)
    plan = ActivityPlan.objects.create(name="新客户", entities=["customers.account"])
    PlanStep.objects.create(plan=plan, position=1, subject="首次联系", kind="call", days=0)
    PlanStep.objects.create(plan=plan, position=2, subject="准备资料", days=-1)
    PlanStep.objects.create(plan=plan, position=3, subject="现场勘测", kind="visit", days=5, checklist="照片\n尺寸")
    return plan


def test_a_plan_becomes_tasks_in_working_days(client, seller, account, plan):
    client.force_login(seller)
    url = f"/customers/accounts/{account.pk}/do/plan/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"plan": plan.pk, "anchor": "2026-03-06"}).status_code == 302  # a Friday
    found = Task.objects.order_by("pk")
    days = [(t.subject, timezone.localdate(t.due_at).isoformat()) for t in found]
    assert days == [("首次联系", "2026-03-06"), ("准备资料", "2026-03-05"), ("现场勘测", "2026-03-13")]
    assert {(t.on, t.owner) for t in found} == {(account, seller)}
    assert found[2].steps_total == 2
    undo(ChangeSet.objects.get(kind="plan"), actor=Actor(seller))
    assert not Task.objects.filter(deleted_at__isnull=True).exists()


def test_working_days_before_and_after_holidays():
    work = worktime_of(None)
    assert due_of(1, date(2026, 3, 6), work).astimezone(work.zone).date() == date(2026, 3, 9)
    assert due_of(-1, date(2026, 3, 9), work).astimezone(work.zone).date() == date(2026, 3, 6)


def test_a_plan_gives_steps_to_people_and_roles_within_rights(
    seller, other, make_user, account, plan, grant, keeps, make_activity
):
    helper, idle, absent = make_user("busy"), make_user("idle"), make_user("absent")
    role = Role.objects.create(name="技术", code="tech")
    role.users.add(helper, idle, absent)
    keeps(helper)
    make_activity(helper)
    now = timezone.now()
    Absence.objects.create(user=absent, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1))
    plan.steps.filter(position=1).update(to="person", person=other)
    plan.steps.filter(position=2).update(to="role", role=role)
    with pytest.raises(PermissionDenied):
        apply_plan(account, actor=Actor(seller), plan=plan)
    assert Task.objects.count() == 1
    grant(seller, "activities.task", assign=ALL)
    apply_plan(account, actor=Actor(seller), plan=plan)
    assert [t.owner for t in Task.objects.order_by("pk")[1:]] == [other, idle, seller]


def test_a_plan_fits_its_records_only_and_can_be_an_effect(client, seller, account, plan):
    contact = make_contact(owner=seller)
    client.force_login(seller)
    assert client.post(f"/customers/contacts/{contact.pk}/do/plan/", {"plan": plan.pk}).status_code in {409, 422}
    perform("do:plan", account, {"plan": str(plan.pk), "anchor": "2026-03-06"}, actor=Actor(seller, "rule:1"))
    assert Task.objects.count() == 3


def test_a_plan_for_many_records_at_once(client, seller, account, plan):
    second = make_account(owner=seller)
    client.force_login(seller)
    data = {"apply": "1", "selected": [account.pk, second.pk], "plan": plan.pk, "anchor": "2026-03-06"}
    client.post("/customers/accounts/bulk/do-plan/", data)
    assert Task.objects.count() == 6


def test_plans_are_kept_in_the_administration(client, boss):
    client.force_login(boss)
    data = {
        "name": "投标", "description": "", "active": "on", "entities": ["sales.opportunity"],
        "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0", "steps-MIN_NUM_FORMS": "0", "steps-MAX_NUM_FORMS": "1000",
        "steps-0-position": "1", "steps-0-subject": "购买标书", "steps-0-kind": "task", "steps-0-days": "2",
        "steps-0-priority": "high", "steps-0-to": "role", "steps-0-role": "", "steps-0-person": "",
        "steps-0-description": "", "steps-0-checklist": "",
    }  # fmt: skip
    assert client.get("/admin/activities/activityplan/add/").status_code == 200
    assert client.post("/admin/activities/activityplan/add/", data).status_code == 200  # a role is missing
    assert client.post("/admin/activities/activityplan/add/", data | {"steps-0-to": "owner"}).status_code == 302
    plan = ActivityPlan.objects.get()
    assert (plan.entities, plan.steps.get().days) == (["sales.opportunity"], 2)
    assert "投标" in client.get("/admin/activities/activityplan/").content.decode()
    assert client.post("/admin/activities/activitytarget/add/", {"kind": "visit", "per_week": "5"}).status_code == 302


# How much


@pytest.fixture
def week():
    return date(2026, 3, 2)


def test_how_many_of_how_many(client, boss, rep, other, keeps, department, week, make_activity):
    keeps(rep)
    keeps(other)
    rep.department = department
    rep.save()
    ActivityTarget.objects.create(kind="visit", per_week=5)
    ActivityTarget.objects.create(kind="visit", per_week=2, department=department)
    at = timezone.make_aware(datetime(2026, 3, 4, 10))
    account = make_account(owner=rep)
    for kind in ("visit", "visit", "call", "note"):
        add_follow_up(account, kind=kind, text="x", actor=Actor(rep), happened_at=at)
    done = make_activity(rep, due_at=at)
    complete_task(done, actor=Actor(rep))
    told = make_activity(rep, due_at=at, on_entity="customers.account", on_id=account.pk)
    complete_task(told, actor=Actor(rep), report="gesehen")  # told by its follow-up: counted once
    Task.objects.update(done_at=at)
    lines = {line.person: {cell.kind: (cell.count, cell.target) for cell in line.cells} for line in week_of(boss, week)}
    assert lines[rep] == {"call": (1, None), "visit": (4, 2), "meeting": (0, None)}
    assert lines[other] == {"call": (0, None), "visit": (0, 5), "meeting": (0, None)}
    client.force_login(boss)
    assert client.get("/activities/volume/", {"week": "2026-03-04"}).status_code == 200
    page = client.get("/activities/volume/rows/", {"week": "2026-03-04", "kind": "visit", "person": rep.pk})
    assert (len(page.context["told"]), len(page.context["done"])) == (3, 1)


def test_a_lead_counts_only_whom_they_lead(client, rep, other, make_user, keeps, team, week):
    stranger = make_user("stranger")
    for person in (other, stranger):
        keeps(person)
        add_follow_up(
            make_account(owner=person),
            kind="call",
            text="x",
            actor=Actor(person),
            happened_at=timezone.make_aware(datetime(2026, 3, 4)),
        )
    client.force_login(rep)
    keeps(rep)
    assert client.get("/activities/volume/").status_code == 403
    team("North", rep, other)
    keeps(rep, view=Scope.TEAM)
    assert {line.person for line in week_of(rep, week) if any(cell.count for cell in line.cells)} == {other}
    page = client.get("/activities/volume/rows/", {"week": str(week), "kind": "call", "person": stranger.pk})
    assert page.context["told"] == []


def test_what_takes_activities_takes_plans():
    assert "plan" in {action.name for action in registry["sales.opportunity"].all_actions}
    assert "plan" not in {action.name for action in registry["activities.task"].all_actions}
