"""Follow-ups and tasks through the front door: who may write, who reads, what is checked off and undone."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import FollowUp, Task
from crm.activities.services import add_follow_up, add_task, planned
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.timeline import timeline
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
OWN, ALL = Scope.OWN, Scope.ALL


@pytest.fixture
def seller(rep, grant):
    """A rep who sees what is theirs and keeps activities."""
    grant(rep, "customers.account", view=OWN)
    grant(rep, "sales.opportunity", view=OWN)
    for label in ("activities.task", "activities.followup"):
        grant(rep, label, view=OWN, add=OWN, change=OWN, delete=OWN)
    return rep


def post(client, record, **data):
    return client.post(f"/activities/add/{record._meta.label_lower}/{record.pk}/", data)


def told(record, user):
    lines = timeline(bind(registry[record._meta.label_lower], user), record).lines
    return [line.entry.data.get("text") for line in lines if line.entry.data.get("text")]


def test_a_follow_up_is_kept_and_told(client, seller):
    deal = make_opportunity(owner=seller, account=make_account(owner=seller))
    version = deal.version
    client.force_login(seller)
    answer = post(client, deal, kind="call", text="确认预算 96 万")
    assert (answer.status_code, answer.url) == (302, f"/sales/opportunities/{deal.pk}/")
    follow_up = FollowUp.objects.get()
    assert (follow_up.kind, follow_up.on, follow_up.owner) == ("call", deal, seller)
    deal.refresh_from_db()
    assert (deal.version, deal.last_activity_at) == (version, follow_up.happened_at)
    deal.account.refresh_from_db()
    assert deal.account.last_activity_at == follow_up.happened_at
    assert told(deal, seller) == told(deal.account, seller) == ["确认预算 96 万"]
    page = client.get(f"/sales/opportunities/{deal.pk}/").content.decode()
    assert "确认预算 96 万" in page
    assert "noted a call" in page


def test_who_may_see_the_record_reads_it_without_seeing_the_follow_up(seller, other, grant):
    grant(other, "sales.opportunity", view=ALL)
    grant(other, "activities.followup", view=OWN)
    deal = make_opportunity(owner=seller)
    add_follow_up(deal, kind="note", text="只说一次", actor=Actor(seller))
    assert not FollowUp.objects.restrict(other).exists()
    assert told(deal, other) == ["只说一次"]


def test_a_task_shows_on_the_timeline_only_to_who_may_see_it(seller, other, grant):
    grant(other, "sales.opportunity", view=ALL)
    grant(other, "activities.task", view=OWN)
    deal = make_opportunity(owner=seller)
    task = add_task(deal, subject="发送方案", actor=Actor(seller))

    def tasks_seen(user):
        lines = timeline(bind(registry["sales.opportunity"], user), deal).lines
        return [line.entry.record_id for line in lines if line.entry.entity == "activities.task"]

    assert tasks_seen(seller) == [task.pk]
    assert tasks_seen(other) == []


def test_a_record_out_of_reach_cannot_be_followed_up(client, seller, other):
    deal = make_opportunity(owner=other)
    client.force_login(seller)
    assert post(client, deal, kind="note", text="x").status_code == 404
    assert not FollowUp.objects.exists()


def test_seeing_a_record_is_not_enough_to_write(client, rep, grant):
    grant(rep, "sales.opportunity", view=ALL)
    deal = make_opportunity()
    client.force_login(rep)
    page = client.get(f"/sales/opportunities/{deal.pk}/").content.decode()
    assert ('value="comment"' in page, 'value="note"' in page, 'value="task"' in page) == (True, False, False)
    assert post(client, deal, kind="note", text="x").status_code == 403


@pytest.mark.parametrize("data", [{"kind": "note", "text": " "}, {"kind": "note", "text": "x", "next_step_on": "soon"}])
def test_what_is_wrong_is_said_and_nothing_is_lost(client, seller, data):
    deal = make_opportunity(owner=seller)
    client.force_login(seller)
    answer = post(client, deal, next_step="打电话", **data)
    assert answer.status_code == 422
    assert "打电话" in answer.content.decode()
    assert not FollowUp.objects.exists()


def test_a_day_in_the_words_makes_a_task(client, seller):
    deal = make_opportunity(owner=seller)
    client.force_login(seller)
    post(client, deal, kind="visit", text="现场看过，明天发送方案", next_step="发送方案")
    task = Task.objects.get()
    assert (task.subject, task.on_id, task.owner) == ("发送方案", deal.pk, seller)
    assert timezone.localdate(task.due_at) == timezone.localdate() + timedelta(days=1)
    post(client, deal, kind="task", text="in 3 days: call back\nask for the plan")
    call = Task.objects.latest("pk")
    assert (call.subject, call.description) == ("in 3 days: call back", "ask for the plan")
    assert timezone.localdate(call.due_at) == timezone.localdate() + timedelta(days=3)


def test_today_in_a_note_tells_when_it_was_said():
    today = timezone.localdate()
    assert planned("今天见了王总", "", None, today) == ("", None)
    assert planned("见了王总", "今天回电", None, today) == ("今天回电", today)


def test_the_next_step_is_what_the_words_with_the_day_say():
    today = timezone.localdate()
    tomorrow = today + timedelta(days=1)
    assert planned("与王总通话，明天前发送方案。还要寄样品", "", None, today) == ("明天前发送方案", tomorrow)
    assert planned("Met Anna. Send the plan tomorrow", "", None, today) == ("Send the plan tomorrow", tomorrow)
    assert planned("明天", "寄样品", None, today) == ("寄样品", tomorrow)


def test_with_htmx_only_the_tab_is_loaded_anew(client, seller):
    deal = make_opportunity(owner=seller)
    client.force_login(seller)
    url = f"/activities/add/sales.opportunity/{deal.pk}/"
    answer = client.post(url, {"kind": "note", "text": "x"}, headers={"HX-Request": "true"})
    assert json.loads(answer["HX-Location"])["target"] == "#tab"
    assert json.loads(answer["HX-Trigger"])["toast"]["text"]
    bad = client.post(url, {"kind": "note", "text": ""}, headers={"HX-Request": "true"})
    assert (bad.status_code, bad["HX-Retarget"]) == (422, "#composer")


def test_the_composer_comes_with_the_tab(client, seller):
    deal = make_opportunity(owner=seller)
    client.force_login(seller)
    for headers in ({}, {"HX-Request": "true"}):
        assert 'id="composer"' in client.get(f"/sales/opportunities/{deal.pk}/", headers=headers).content.decode()


def test_checking_off_and_undoing(client, seller):
    task = add_task(None, subject="回电", actor=Actor(seller))
    client.force_login(seller)
    answer = client.post(f"/activities/tasks/{task.pk}/tick/", {"next": "/activities/tasks/"})
    assert answer.url == "/activities/tasks/"
    task.refresh_from_db()
    assert task.status == "done"
    assert task.done_at is not None
    entry = Entry.objects.get(kind="activities.task.completed")
    toast = next(iter(client.get("/activities/tasks/").context["messages"]))
    assert toast.extra_tags == f"undo=/undo/entry/{entry.pk}/"
    assert client.post(f"/undo/entry/{entry.pk}/").status_code == 302
    task.refresh_from_db()
    assert (task.status, task.done_at) == ("open", None)


def test_only_who_may_change_a_task_checks_it_off(client, seller, other, grant):
    grant(other, "activities.task", view=ALL, change=OWN)
    task = add_task(None, subject="回电", actor=Actor(seller))
    client.force_login(other)
    assert client.post(f"/activities/tasks/{task.pk}/tick/").status_code == 404
    task.refresh_from_db()
    assert task.status == "open"


def test_the_way_back_is_ours(client, seller):
    task = add_task(None, subject="回电", actor=Actor(seller))
    client.force_login(seller)
    answer = client.post(f"/activities/tasks/{task.pk}/tick/", {"next": "//evil.example/"})
    assert answer.url == "/"


def test_attention_is_what_is_due(client, seller):
    today = timezone.localdate()
    for days in (-3, 0, 2):
        add_task(None, subject=f"{days}", due_on=today + timedelta(days=days), actor=Actor(seller))
    add_task(None, subject="some day", actor=Actor(seller))
    client.force_login(seller)
    assert client.get("/nav/count/activities.task/").content == b"2"


def test_next_steps_stand_beside_the_record(client, seller):
    deal = make_opportunity(owner=seller)
    add_task(deal, subject="寄样品", actor=Actor(seller))
    client.force_login(seller)
    assert "寄样品" in client.get(f"/sales/opportunities/{deal.pk}/").content.decode()
    assert "寄样品" in client.get(f"/activities/next/sales.opportunity/{deal.pk}/").content.decode()
