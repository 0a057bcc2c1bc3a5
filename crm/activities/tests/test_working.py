"""Doing activities: what came of them, parts and steps, people."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.attending import invite
from crm.activities.checklists import steps_of
from crm.activities.models import FollowUp, Participant, Task
from crm.activities.services import complete_task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.undo import undo
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


@pytest.fixture
def visit(seller, account, make_activity):
    start = timezone.now() - timedelta(hours=2)
    return make_activity(seller, on_entity="customers.account", on_id=account.pk, due_at=start)


# What came of it


def test_done_with_words_and_a_next_step(client, seller, account, visit):
    client.force_login(seller)
    url = f"/activities/tasks/{visit.pk}/do/complete/"
    assert "Outcome" in client.get(url).content.decode()
    data = {"outcome": "有意向", "report": "看了泵房，要两套", "next_step": "发送方案", "next_step_on": "2031-03-03"}
    assert client.post(url, data).status_code == 302
    visit.refresh_from_db()
    assert (visit.status, visit.outcome, visit.report) == ("done", "有意向", "看了泵房，要两套")
    told = FollowUp.objects.get()
    assert (told.kind, told.text, told.on, told.task, told.happened_at) == (
        "visit",
        "看了泵房，要两套",
        account,
        visit,
        visit.due_at,
    )
    step = Task.objects.latest("pk")
    assert (step.subject, step.on, timezone.localdate(step.due_at)) == ("发送方案", account, date(2031, 3, 3))
    undo(ChangeSet.objects.get(kind="complete"), actor=Actor(seller))
    visit.refresh_from_db()
    assert (visit.status, visit.outcome) == ("open", "")
    assert not FollowUp.objects.filter(deleted_at__isnull=True).exists()
    assert Task.objects.filter(deleted_at__isnull=True).count() == 1


def test_a_next_step_needs_a_day_or_words_that_name_one(client, seller, visit):
    client.force_login(seller)
    url = f"/activities/tasks/{visit.pk}/do/complete/"
    assert client.post(url, {"outcome": "x", "next_step": "irgendwann"}).status_code == 422
    assert client.post(url, {"outcome": "x", "next_step": "明天回电"}).status_code == 302


def test_without_the_right_to_follow_up_the_minutes_stay_with_the_task(seller, visit, grant):
    grant(seller, "activities.followup", add=Scope.NONE)
    complete_task(visit, actor=Actor(seller), report="gesehen", next_step_on=date(2031, 1, 1))
    assert not FollowUp.objects.exists()
    assert (visit.report, Task.objects.count()) == ("gesehen", 2)


def test_many_at_once_with_undo(client, seller, make_activity):
    tasks = [make_activity(seller) for _n in range(3)]
    before = {task.pk: task.due_at for task in tasks}
    client.force_login(seller)
    chosen = {"apply": "1", "selected": [task.pk for task in tasks]}
    url = "/activities/tasks/bulk/do-postpone/"
    assert client.post(url, chosen | {"days": "3"}).status_code == 302
    found = Task.objects.values_list("pk", "due_at", "ends_at")
    assert all(
        (due, end) == (before[pk] + timedelta(days=3), before[pk] + timedelta(days=3, hours=1))
        for pk, due, end in found
    )
    assert client.post("/activities/tasks/bulk/do-complete/", chosen | {"outcome": "ok"}).status_code == 302
    assert set(Task.objects.values_list("status", "outcome")) == {("done", "ok")}
    undo(ChangeSet.objects.latest("pk"), actor=Actor(seller))
    assert set(Task.objects.values_list("status", "outcome")) == {("open", "")}


def test_checking_in_where_one_is(client, seller, visit):
    client.force_login(seller)
    url = f"/activities/tasks/{visit.pk}/do/check_in/"
    assert client.post(url, {"latitude": "91", "longitude": "0"}).status_code == 422
    assert client.post(url, {"latitude": "39.1234567", "longitude": "117.2"}).status_code == 302
    visit.refresh_from_db()
    assert (str(visit.latitude), str(visit.longitude), visit.status) == ("39.123457", "117.200000", "doing")
    assert visit.checked_in_at is not None
    page = client.get(f"/activities/tasks/{visit.pk}/").content.decode()
    assert 'href="geo:39.123457,117.200000"' in page
    assert client.post(url, {}).status_code == 409


def test_checking_in_without_telling_where(client, seller, visit):
    client.force_login(seller)
    assert (
        client.post(f"/activities/tasks/{visit.pk}/do/check_in/", {"latitude": "", "longitude": ""}).status_code == 302
    )
    visit.refresh_from_db()
    assert (visit.latitude, visit.status) == (None, "doing")


def test_the_board_moves_by_the_verbs(client, seller, visit):
    client.force_login(seller)
    for to in ("doing", "done", "open", "cancelled"):
        visit.refresh_from_db()
        answer = client.post(f"/activities/tasks/{visit.pk}/move/", {"to": to, "version": visit.version})
        assert answer.status_code in {200, 204}
        visit.refresh_from_db()
        assert visit.status == to


# Steps and parts


def test_steps_are_ticked_in_place(client, seller, make_activity):
    task = make_activity(seller, checklist="带样品\n\n[x] 合同\n- [ ] 名片")
    assert [(s.text, s.done) for s in steps_of(task.checklist)] == [("带样品", False), ("合同", True), ("名片", False)]
    client.force_login(seller)
    page = client.get(f"/activities/tasks/{task.pk}/").content.decode()
    assert "1 / 3" in page
    data = {"number": "0", "words": "带样品", "done": "1"}
    answer = client.post(f"/activities/tasks/{task.pk}/step/", data, headers={"HX-Request": "true"})
    assert "2 / 3" in answer.content.decode()
    task.refresh_from_db()
    assert task.checklist.splitlines()[0] == "[x] 带样品"
    stale = client.post(
        f"/activities/tasks/{task.pk}/step/", data | {"words": "anderes"}, headers={"HX-Request": "true"}
    )
    assert stale.status_code == 409


def test_a_step_is_ticked_only_by_who_may_change_the_task(client, seller, other, keeps, make_activity):
    task = make_activity(seller, checklist="a")
    keeps(other, view=ALL)
    client.force_login(other)
    assert (
        client.post(f"/activities/tasks/{task.pk}/step/", {"number": "0", "words": "a", "done": "1"}).status_code == 404
    )


def test_parts_count_towards_the_whole(seller, make_activity):
    whole = make_activity(seller, checklist="a")
    parts = [make_activity(seller, parent=whole) for _n in range(3)]
    complete_task(parts[0], actor=Actor(seller))
    whole.refresh_from_db()
    assert (whole.steps_done, whole.steps_total, whole.version) == (1, 4, 1)
    records.delete(parts[1], actor=Actor(seller))
    whole.refresh_from_db()
    assert (whole.steps_done, whole.steps_total) == (1, 3)


def test_nothing_is_a_part_of_its_own_parts(seller, make_activity):
    top = make_activity(seller)
    middle = make_activity(seller, parent=top)
    bottom = make_activity(seller, parent=middle)
    top.refresh_from_db()
    top.parent = bottom
    with pytest.raises(ValidationError):
        records.save(top, actor=Actor(seller))


# People


def test_who_is_invited_sees_it_and_answers(client, seller, other, keeps, visit):
    keeps(other)
    client.force_login(seller)
    url = f"/activities/tasks/{visit.pk}/invite/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"user": other.pk}).status_code == 302
    row = Participant.objects.get()
    client.force_login(other)
    assert client.get(f"/activities/tasks/{visit.pk}/").status_code == 200
    assert client.get(f"/activities/tasks/{visit.pk}/edit/").status_code == 404
    assert client.post(f"/activities/guests/{row.pk}/answer/", {"state": "accepted"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "accepted"
    client.force_login(seller)
    assert client.post(f"/activities/guests/{row.pk}/answer/", {"state": "declined"}).status_code == 403
    assert client.post(f"/activities/guests/{row.pk}/remove/").status_code == 302
    client.force_login(other)
    assert client.get(f"/activities/tasks/{visit.pk}/").status_code == 404


def test_the_search_finds_what_one_takes_part_in(client, seller, other, keeps, visit):
    keeps(other)
    client.force_login(other)
    there = f'"/activities/tasks/{visit.pk}/"'
    assert there not in client.get("/search/", {"q": "拜访设备部"}, headers={"HX-Request": "true"}).content.decode()
    invite(visit, actor=Actor(seller), user=other)
    assert there in client.get("/search/", {"q": "拜访设备部"}, headers={"HX-Request": "true"}).content.decode()


def test_who_does_it_too_changes_it(client, seller, other, keeps, visit, grant):
    keeps(other)
    with pytest.raises(ValidationError):
        invite(visit, actor=Actor(seller), user=other, acts=True)
    grant(seller, "activities.task", assign=ALL)
    invite(visit, actor=Actor(seller), user=other, acts=True)
    client.force_login(other)
    assert client.post(f"/activities/tasks/{visit.pk}/do/complete/", {}).status_code == 302
    assert client.get(f"/activities/tasks/{visit.pk}/delete/").status_code == 404


def test_taking_part_opens_nothing_without_a_role(seller, other, visit):
    with pytest.raises(ValidationError):
        invite(visit, actor=Actor(seller), user=other)
    Participant.objects.create(task=visit, user=other)
    assert not Task.objects.restrict(other).exists()


def test_a_person_among_the_customers(client, seller, other, keeps, account, visit):
    keeps(other, view=ALL)
    contact = make_contact(name="刘建国", owner=seller, account=account)
    client.force_login(seller)
    url = f"/activities/tasks/{visit.pk}/invite/"
    assert client.post(url, {"customers_contact": contact.pk}).status_code == 302
    assert "刘建国" in client.get(f"/activities/tasks/{visit.pk}/").content.decode()
    row = Participant.objects.get()
    assert client.post(f"/activities/guests/{row.pk}/answer/", {"state": "accepted"}).status_code == 302
    client.force_login(other)
    page = client.get(f"/activities/tasks/{visit.pk}/").content.decode()
    assert "刘建国" not in page
    assert client.post(f"/activities/guests/{row.pk}/answer/", {"state": "declined"}).status_code == 403
    foreign = make_contact(name="王五", owner=other)
    client.force_login(seller)
    assert client.post(url, {"customers_contact": foreign.pk}).status_code == 422
