"""The home page: my day, within my rights, in few queries."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from crm.access.models import Scope
from crm.activities.models import Task
from crm.activities.services import add_task
from crm.home.widgets import shown
from crm.records import services as records
from crm.records.actor import Actor

pytestmark = pytest.mark.django_db


def task(user, subject, days):
    return add_task(None, subject=subject, due_on=timezone.localdate() + timedelta(days=days), actor=Actor(user))


def groups(user):
    with override("en"):
        due = next(w for w in shown(user, "main") if w["name"] == "due")
        return {str(title): [t.subject for t in tasks] for title, tasks in due["context"]["groups"]}


@pytest.fixture
def seller(rep, grant):
    grant(rep, "activities.task", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return rep


def test_what_is_due_is_grouped_by_urgency(seller):
    task(seller, "late", -2)
    task(seller, "now", 0)
    task(seller, "soon", 7)
    task(seller, "later", 8)
    add_task(None, subject="some day", actor=Actor(seller))
    assert groups(seller) == {"Overdue": ["late"], "Today": ["now"], "Next 7 days": ["soon"]}


def test_only_my_own_open_tasks_are_mine_to_do(seller, other, grant):
    grant(seller, "activities.task", view=Scope.ALL)
    task(other, "theirs", 0)
    done = task(seller, "done", 0)
    done.status = Task.Status.DONE
    records.save(done, actor=Actor(seller))
    thrown = task(seller, "thrown", 0)
    records.delete(thrown, actor=Actor(seller))
    task(seller, "mine", 0)
    assert groups(seller) == {"Today": ["mine"]}


def test_the_page_asks_for_a_sign_in(client):
    assert client.get("/").status_code == 302


def test_the_start_list_goes_as_far_as_one_may(client, seller, boss, grant):
    grant(seller, "customers.account", view=Scope.OWN)
    grant(seller, "activities.followup", add=Scope.OWN)
    client.force_login(seller)
    steps = client.get("/").context["steps"]
    assert [(step["url"], step["done"]) for step in steps] == [("/customers/accounts/", False), ("/profile/", True)]
    task(seller, "first", 1)
    assert client.get("/").context["steps"] == []
    client.force_login(boss)
    assert len(client.get("/").context["steps"]) == 5


def test_the_start_list_can_be_put_away(client, boss):
    client.force_login(boss)
    assert "start-list" in client.get("/").content.decode()
    assert client.get("/home/start/close/").status_code == 405
    assert client.post("/home/start/close/").url == "/"
    assert "start-list" not in client.get("/").content.decode()


def test_put_away_once_it_stays_away_in_every_browser_and_for_nobody_else(client, boss, make_user):
    here, there = Client(), Client()
    for browser in (here, there):
        browser.force_login(boss)
    here.post("/home/start/close/")
    assert "start-list" not in there.get("/").content.decode()
    client.force_login(make_user("second", is_staff=True, is_superuser=True))
    assert "start-list" in client.get("/").content.decode()


def test_who_knows_the_way_has_no_start_list(client, boss):
    boss.date_joined = timezone.now() - timedelta(days=31)
    boss.save()
    client.force_login(boss)
    assert client.get("/").context["steps"] == []


def test_whoever_has_no_role_sees_a_page_all_the_same(client, rep):
    client.force_login(rep)
    answer = client.get("/")
    assert answer.status_code == 200
    assert (answer.context["cards"], answer.context["main"]) == ([], [])


def test_overdue_tasks_are_counted_as_their_list_counts_them(client, seller):
    for days in (-9, -1, 0, 1):
        task(seller, str(days), days)
    client.force_login(seller)
    card = client.get("/").context["cards"][0]
    assert card["value"] == "2"
    assert len(client.get(card["url"]).context["page"]) == 2


def team_lines(user):
    with override("en"):
        found = next((w for w in shown(user, "side") if w["name"] == "team_overdue"), None)
    return [(line["text"], line["end"]) for line in found["context"]["lines"]] if found else None


def test_who_leads_sees_whose_tasks_are_overdue_and_goes_to_them(client, rep, other, make_user, grant, team):
    third, boss = make_user("third", name="王芳"), make_user("lead", name="张经理")
    team("华东", boss, rep, other)
    for days in (-1, -5):
        task(rep, f"late {days}", days)
    task(other, "late", -9)
    task(third, "of another team", -1)
    task(boss, "mine", -1)
    for days in (0, 1):
        task(rep, f"in time {days}", days)
    done = task(rep, "done", -3)
    done.status = Task.Status.DONE
    records.save(done, actor=Actor(rep))
    grant(boss, "activities.task", view=Scope.TEAM)
    assert team_lines(boss) == [("林晓", "2"), ("陈立", "1")]
    client.force_login(boss)
    page = client.get("/")
    assert "Overdue in the team" in page.content.decode()
    context = next(w for w in page.context["side"] if w["name"] == "team_overdue")["context"]
    rows = client.get(context["lines"][0]["url"]).context["page"].records
    assert {row.subject for row in rows} == {"late -1", "late -5"}


def test_who_leads_nobody_or_whose_people_are_in_time_has_no_such_list(rep, other, grant):
    task(other, "late", -1)
    grant(rep, "activities.task", view=Scope.OWN)
    assert team_lines(rep) is None
    grant(rep, "activities.task", view=Scope.ALL)
    assert team_lines(rep) == [("陈立", "1")]
    Task.objects.update(status=Task.Status.CANCELLED)
    assert team_lines(rep) is None
