"""Undoing a large change set: as a job, batch by batch, with what was left to download."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from crm.access.models import Scope
from crm.entities import undo_job
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.jobs.services import cancel_job
from crm.records import services
from crm.records import undo as undoing
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Four entries are many, and two make a batch."""
    monkeypatch.setattr(undo_job, "LIMIT", 3)
    monkeypatch.setattr(undoing, "BATCH", 2)


def many(seller, count):
    """A set that changed ``count`` accounts."""
    accounts = [make_account(name=f"客户{n}", owner=seller, employees=1) for n in range(count)]
    changes = services.change_set("bulk", actor=Actor(seller), entity="customers.account", title="Many")
    for account in accounts:
        account.employees = 2
        services.save(account, actor=Actor(seller), changes=changes)
    return accounts, changes


def ask(client, changes):
    return client.post(reverse("entities:undo_set", args=[changes.pk]))


def employees():
    return list(Account.objects.order_by("pk").values_list("employees", flat=True))


def test_a_small_set_is_undone_at_once_and_a_large_one_by_a_job(sells, seller):
    _few, small = many(seller, 3)
    assert ask(sells, small).status_code == 302
    assert (Job.objects.count(), employees()) == (0, [1, 1, 1])
    _more, large = many(seller, 4)
    answer = ask(sells, large)
    job = Job.objects.get()
    assert (answer.status_code, answer.url) == (302, reverse("jobs:job", args=[job.pk]))
    assert (job.user, job.total, employees()) == (seller, 4, [1, 1, 1, 2, 2, 2, 2])
    assert ask(sells, large).url == answer.url
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.updated, job.failed, employees()) == ("done", 4, 4, 0, [1] * 7)
    large.refresh_from_db()
    assert large.undone_by == seller
    assert ChangeSet.objects.filter(kind="undo", title="Many").count() == 2
    assert "records were put back" in sells.get(answer.url).content.decode()


def test_what_moved_on_is_a_file_that_names_only_what_the_person_may_see(sells, seller, other):
    accounts, changes = many(seller, 5)
    for account, name, owner in zip(accounts, ("=1+1", "给了别人"), (seller, other), strict=False):
        account.name, account.employees, account.owner = name, 9, owner
        services.save(account, actor=Actor(seller))
    ask(sells, changes)
    job = Job.objects.get()
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.updated, job.failed, employees()) == ("done", 3, 2, [9, 9, 1, 1, 1])
    content = b"".join(sells.get(reverse("jobs:file", args=[job.pk, job.files.get().pk])).streaming_content)
    _head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert rows == [
        ["", "A record you may not see", "Employees was changed again since."],
        ["Account", "'=1+1", "Employees was changed again since."],
    ]


def test_stopped_in_between_it_goes_on_where_it_stopped(sells, seller, monkeypatch):
    _accounts, changes = many(seller, 6)
    ask(sells, changes)
    job = Job.objects.get()
    real = undo_job.undo_batch

    def stop_after_one(*args):
        real(*args)
        cancel_job(job)

    monkeypatch.setattr(undo_job, "undo_batch", stop_after_one)
    run(job.pk)
    job.refresh_from_db()
    changes.refresh_from_db()
    assert (job.state, job.done, employees(), changes.undone_at) == ("cancelled", 2, [2, 2, 2, 2, 1, 1], None)
    monkeypatch.setattr(undo_job, "undo_batch", real)
    assert ask(sells, changes).url == reverse("jobs:job", args=[job.pk])
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed, employees()) == ("done", 6, 0, [1] * 6)
    assert ChangeSet.objects.filter(kind="undo").count() == 1


def test_strangers_start_no_job(client_of, seller, other, grant):
    _accounts, changes = many(seller, 4)
    grant(other, "customers.account", view=Scope.ALL, change=Scope.OWN)
    assert ask(client_of(other), changes).status_code == 403
    assert not Job.objects.exists()


def test_a_right_lost_while_it_waited_stops_it(sells, seller, other, grant, monkeypatch):
    _accounts, changes = many(other, 4)
    grant(seller, "customers.account", change=Scope.ALL, view=Scope.ALL)
    ask(sells, changes)
    grant(seller, "customers.account", change=Scope.OWN)
    run(Job.objects.get().pk)
    assert (Job.objects.get().state, employees()) == ("failed", [2] * 4)
