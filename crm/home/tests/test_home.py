"""The home page: my day, within my rights, in few queries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.activities.services import add_task
from crm.home.widgets import shown
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account

pytestmark = pytest.mark.django_db


def task(user, subject, days):
    return add_task(None, subject=subject, due_on=timezone.localdate() + timedelta(days=days), actor=Actor(user))


def groups(user):
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


def test_a_first_visit_says_where_to_begin(client, seller, grant):
    grant(seller, "customers.account", view=Scope.OWN, add=Scope.OWN)
    client.force_login(seller)
    assert "/customers/accounts/add/" in [step["url"] for step in client.get("/").context["steps"]]
    make_account(owner=seller)
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
