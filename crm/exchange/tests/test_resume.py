"""An import that dies goes on where it stopped: nothing twice, nothing lost, totals add up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from crm.entities import undo_job
from crm.exchange import services
from crm.exchange.importing import writing
from crm.exchange.importing.targets import target_of
from crm.exchange.models import ImportRow
from crm.jobs.models import Job
from crm.jobs.running import run as run_job
from crm.jobs.services import cancel_job, rescue_jobs, resume_job
from crm.records.models import ChangeSet, Entry
from customers.factories import make_contact
from customers.models import Account

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@pytest.fixture
def run(boss, monkeypatch):
    monkeypatch.setattr(writing, "BATCH", 10)
    rows = "".join(f"公司{n},{'x' if n % 7 == 0 else n + 1}\n" for n in range(95))
    target = target_of("customers.account", boss)
    file = ContentFile(f"name,employees\n{rows}".encode(), name="rows.csv")
    return services.take_upload(file, target=target, user=boss)


def test_a_killed_import_resumes(run, monkeypatch):
    job = services.start_import(run)
    real, calls = writing.Writer.write, []

    def dying(self, rows):
        calls.append(len(rows))
        counts = real(self, rows)
        if len(calls) in {3, 7}:
            raise Killed  # after the batch was written, before it was committed
        return counts

    monkeypatch.setattr(writing.Writer, "write", dying)
    for _death in range(2):
        with pytest.raises(Killed):
            run_job(job.pk)
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert rescue_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("done", 3)
    assert (job.created, job.failed, job.done) == (81, 14, 95)
    assert Account.objects.count() == Account.objects.values("name").distinct().count() == 81
    assert ImportRow.objects.filter(run=run).count() == 14
    run.refresh_from_db()
    assert Entry.objects.filter(change_set=run.changes).count() == 81


def test_a_cancelled_import_keeps_what_is_done_goes_on_and_can_be_undone(run, monkeypatch):
    job = services.start_import(run)
    real, calls = writing.Writer.write, []

    def stopping(self, rows):
        calls.append(1)
        if len(calls) == 4:
            cancel_job(job)
        return real(self, rows)

    monkeypatch.setattr(writing.Writer, "write", stopping)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled" and job.done == 40 and Account.objects.count() == job.created
    assert resume_job(job)
    assert not resume_job(job), "once is enough"
    monkeypatch.setattr(writing.Writer, "write", real)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.created, job.failed, Account.objects.count()) == ("done", 81, 14, 81)
    run.refresh_from_db()
    undo = services.start_undo(run)
    run_job(undo.pk)
    undo.refresh_from_db()
    assert (undo.state, undo.result["records"]) == ("done", job.created)
    assert not Account.objects.alive().exists()
    Job.objects.filter(pk=job.pk).update(state="cancelled")
    assert not resume_job(job), "what was undone does not go on"


def test_what_only_the_database_refuses_costs_one_row(run, monkeypatch):
    monkeypatch.setattr("crm.exchange.importing.judge.broken", lambda record: None)
    run.mapping[1]["to"] = "field:founded"  # CHECK: a year from 1000 to 2200
    run.save()
    job = services.start_import(run)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.created, job.failed) == ("done", 0, 95)
    told = ImportRow.objects.filter(run=run, line=3).get().reasons
    assert told == ["Founded in: Enter the year of foundation as four digits."]


def test_statements_of_a_batch_do_not_grow_with_its_rows(boss, django_assert_max_num_queries):
    target = target_of("customers.contact", boss)
    content = "name,account,mobile,source\n" + "".join(
        f"王{n},公司{n % 5},1380013{n:04d},展会{n % 3}\n" for n in range(500)
    )
    run = services.take_upload(ContentFile(content.encode(), name="c.csv"), target=target, user=boss)
    job = services.start_import(run)
    with django_assert_max_num_queries(70):
        run_job(job.pk)
    job.refresh_from_db()
    assert job.created == 500


def imported(run):
    """The import, done."""
    run_job(services.start_import(run).pk)
    run.refresh_from_db()
    return run


def test_an_undo_commits_batch_by_batch_and_a_killed_one_goes_on_where_it_stopped(run, monkeypatch):
    monkeypatch.setattr("crm.records.undo.BATCH", 20)
    imported(run)
    job, real, calls = services.start_undo(run), undo_job.undo_batch, []
    assert (job.total, services.start_undo(run).pk) == (81, job.pk), "a second click gets the same job"

    def dying(*args):
        calls.append(1)
        real(*args)
        if len(calls) == 3:
            raise Killed  # after the batch was put back, before it was committed

    monkeypatch.setattr(undo_job, "undo_batch", dying)
    with pytest.raises(Killed):
        run_job(job.pk)
    job.refresh_from_db()
    assert (job.done, job.percent, Account.objects.alive().count()) == (40, 49, 41)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert rescue_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.attempt, job.done, job.updated) == ("done", 2, 81, 81)
    assert not Account.objects.alive().exists()
    assert ChangeSet.objects.filter(kind="undo").count() == 1


def test_a_stopped_undo_goes_on_and_the_import_does_not(run, boss, client, monkeypatch):
    monkeypatch.setattr("crm.records.undo.BATCH", 20)
    imported(run)
    undo, real = services.start_undo(run), undo_job.undo_batch

    def stopping(*args):
        real(*args)
        cancel_job(undo)

    monkeypatch.setattr(undo_job, "undo_batch", stopping)
    run_job(undo.pk)
    undo.refresh_from_db()
    assert (undo.state, undo.done) == ("cancelled", 20)
    client.force_login(boss)
    assert "records were put back" not in client.get(reverse("jobs:job", args=[undo.pk])).content.decode()
    Job.objects.filter(pk=run.job_id).update(state="cancelled")
    assert not resume_job(Job.objects.get(pk=run.job_id)), "what is half undone brings nothing more in"
    monkeypatch.setattr(undo_job, "undo_batch", real)
    assert services.start_undo(run).pk == undo.pk
    run_job(undo.pk)
    undo.refresh_from_db()
    assert (undo.state, undo.done, Account.objects.alive().exists()) == ("done", 81, False)


def test_what_moved_on_stays_and_is_listed_in_a_file(run, boss, client):
    imported(run)
    needed, changed = Account.objects.get(name="公司3"), Account.objects.get(name="公司5")
    make_contact(owner=boss, account=needed)
    client.force_login(boss)
    cell = f"/customers/accounts/{changed.pk}/cell/phone/"
    assert client.post(cell, {"phone": "010-1", "version": changed.version}).status_code == 200
    run_job(services.start_undo(run).pk)
    job = Job.objects.get(kind=services.UNDO)
    assert (job.state, job.result, job.failed) == ("done", {"records": 79, "conflicts": 2}, 2)
    assert set(Account.objects.alive()) == {needed, changed}
    assert set(b"".join(job.files.get().file.open("rb")).decode("utf-8-sig").splitlines()[1:]) == {
        "Account,公司3,Other records have come to need it.",
        "Account,公司5,Somebody has changed it since.",
    }
    page = client.get(reverse("jobs:job", args=[job.pk])).content.decode()
    assert "put back <b" in page and "left as it is now <b" in page and "rejected" not in page


def test_rights_lost_since_stop_an_undo_of_long_ago(run, boss, grant):
    imported(run)
    long_ago = timezone.now() - timedelta(days=2)
    ChangeSet.objects.filter(pk=run.changes_id).update(at=long_ago)
    type(boss).objects.filter(pk=boss.pk).update(is_superuser=False)
    job = services.start_undo(run)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, Account.objects.alive().count()) == ("failed", 81)
