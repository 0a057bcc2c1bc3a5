"""Who may see an activity but not what it is about never learns that one's name: not in any door."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import Scope
from crm.activities.models import Task
from crm.activities.services import add_follow_up, add_task
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
ALL, OWN = Scope.ALL, Scope.OWN
NAME, HIDDEN = "绝密水务集团", "A record you may not see"


@pytest.fixture
def secret(rep, other, grant):
    """A task and a follow-up of ``rep`` about an account that ``other``, who sees all activities, may not see."""
    grant(rep, "customers.account", view=OWN, delete=OWN)
    grant(other, "customers.account", view=OWN)
    for user in (rep, other):
        for label in ("activities.task", "activities.followup"):
            grant(user, label, view=ALL, export=ALL, change=ALL, delete=ALL)
    account = make_account(name=NAME, owner=rep)
    task = add_task(account, subject="寄样品", actor=Actor(rep))
    follow_up = add_follow_up(account, kind="note", text="谈过了", actor=Actor(rep))
    return account, task, follow_up


def page(client, user, url):
    client.force_login(user)
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def exported(client, user, url):
    client.force_login(user)
    answer = client.post(url, {"format": "csv"})
    return list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", ["tasks", "followups"])
def test_lists_and_pages_name_it_only_to_who_may_see_it(client, rep, other, secret, kind):
    account, task, follow_up = secret
    pk = task.pk if kind == "tasks" else follow_up.pk
    for address in (f"/activities/{kind}/?cols=kind,about", f"/activities/{kind}/{pk}/"):
        mine, his = page(client, rep, address), page(client, other, address)
        assert NAME in mine
        assert f"/customers/accounts/{account.pk}/" in mine
        assert NAME not in his
        assert HIDDEN in his
        assert f"/customers/accounts/{account.pk}/" not in his
    for tab in ("?tab=history", "edit/"):
        assert NAME not in page(client, other, f"/activities/{kind}/{pk}/{tab}")


@pytest.mark.parametrize("kind", ["tasks", "followups"])
def test_exports_name_it_only_to_who_may_see_it(client, rep, other, secret, kind):
    url = f"/activities/{kind}/export/?cols=about,created_at"
    (_head, mine), (_head, his) = exported(client, rep, url), exported(client, other, url)
    assert (mine[0], his[0]) == (NAME, HIDDEN)
    assert mine[1] == his[1] != ""


def test_the_due_list_of_somebody_who_lost_the_record(client, rep, other, secret, as_actor):
    account, task, _follow_up = secret
    account.owner = other
    services.save(account, actor=as_actor(rep))
    task.refresh_from_db()
    services.save(task, actor=as_actor(rep))
    due = add_task(account, subject="今天回电", due_on=None, actor=as_actor(rep))
    due.due_at = due.created_at
    services.save(due, actor=as_actor(rep))
    home = page(client, rep, "/")
    assert "今天回电" in home
    assert NAME not in home
    assert HIDDEN in home


def test_nobody_finds_out_by_asking(client, other, secret):
    for query in (f"?about={NAME}", '?where={"all":[{"field":"about","op":"contains","value":"绝密"}]}', "?sort=about"):
        client.force_login(other)
        answer = client.get(f"/activities/tasks/{query}")
        assert answer.status_code == 422
        assert "寄样品" not in answer.content.decode()


def test_the_name_stands_nowhere_in_the_log_or_the_row(secret):
    account, task, follow_up = secret
    entries = Entry.objects.filter(entity__in=["activities.task", "activities.followup"])
    assert entries.count() == 2
    assert NAME not in str(list(entries.values()))
    assert all(NAME not in str(list(type(one)._base_manager.filter(pk=one.pk).values())) for one in (task, follow_up))
    assert account.name == NAME


def test_read_for_nobody_it_names_nothing(secret):
    _account, task, _follow_up = secret
    assert str(Task._base_manager.get(pk=task.pk).about) == HIDDEN


def test_one_that_lies_in_the_trash_says_so(client, rep, secret, as_actor):
    account, task, _follow_up = secret
    services.delete(account, actor=as_actor(rep))
    shown = page(client, rep, f"/activities/tasks/{task.pk}/")
    assert NAME in shown and "(in the trash)" in shown
    assert 'href="/customers/accounts/trash/"' in shown
    assert f"/customers/accounts/{account.pk}/" not in shown


def test_names_are_looked_up_once_an_entity(rep, grant, as_actor):
    for label in ("customers.account", "sales.opportunity", "activities.task"):
        grant(rep, label, view=ALL)

    def queries(count):
        for number in range(count):
            add_task(make_account(owner=rep), subject=f"a{number}", actor=as_actor(rep))
            add_task(make_opportunity(owner=rep), subject=f"b{number}", actor=as_actor(rep))
        with CaptureQueriesContext(connection) as caught:
            assert all(task.about.seen for task in Task.objects.restrict(rep))
        return len(caught)

    assert list(Task.objects.restrict(rep)) == []  # who rep is, is known from here on
    assert queries(1) == queries(10) == 3


def test_an_activity_is_changed_where_it_stands(client, rep, secret):
    _account, task, _follow_up = secret
    client.force_login(rep)
    answer = client.post(
        f"/activities/tasks/{task.pk}/cell/subject/", {"subject": "寄两个样品", "version": task.version}
    )
    assert answer.status_code in {200, 302}
    task.refresh_from_db()
    assert (task.subject, task.on_id) == ("寄两个样品", secret[0].pk)
