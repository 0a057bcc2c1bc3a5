"""The files of imports go with the records that came from them, and by themselves after a while."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from crm.exchange import services, sources
from crm.exchange.importing.targets import target_of
from crm.exchange.models import Import
from crm.jobs.models import Job
from crm.jobs.running import run as run_job
from crm.jobs.services import resume_job
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.purge import purge
from customers.models import Account

pytestmark = pytest.mark.django_db
CONTENT = "name,employees\n机密公司,3\n另一家,x\n".encode()


@pytest.fixture
def brought(boss):
    """An import of two rows, one of them rejected, and where its file lies."""
    target = target_of("customers.account", boss)
    run = services.take_upload(ContentFile(CONTENT, name="rows.csv"), target=target, user=boss)
    services.look(run)
    run_job(services.start_import(run).pk)
    run.refresh_from_db()
    path = Path(run.file.path)
    assert path.exists() and "机密公司" in str(run.analysis)
    return run, path


def remove(boss):
    """Remove what was imported for good."""
    found = list(Account.objects.filter(name="机密公司"))
    records.delete_many(found, actor=Actor(boss))
    purge(found, actor=Actor(boss))


def test_the_file_goes_with_the_record_that_came_from_it(brought, boss, client, django_capture_on_commit_callbacks):
    run, path = brought
    with django_capture_on_commit_callbacks(execute=True):
        remove(boss)
    run.refresh_from_db()
    assert not path.exists() and not run.file
    assert "机密公司" not in f"{run.analysis}{run.preview}"
    assert [row.cells for row in run.rows.all()] == [["另一家", "x"]], "of a rejected row nothing was written"
    client.force_login(boss)
    assert client.get(reverse("jobs:job", args=[run.job_id])).status_code == 200
    assert client.get(reverse("exchange:rejected", args=[run.pk, "csv"])).status_code == 200
    Job.objects.filter(pk=run.job_id).update(state="cancelled")
    assert not resume_job(Job.objects.get(pk=run.job_id)), "without its file it can't go on"


def test_a_purge_that_is_taken_back_keeps_the_file(brought, boss, django_capture_on_commit_callbacks):
    _run, path = brought
    with django_capture_on_commit_callbacks() as waiting:
        remove(boss)
    assert path.exists() and waiting, "only the commit removes it"


def test_other_imports_keep_their_files(brought, boss, django_capture_on_commit_callbacks):
    target = target_of("customers.account", boss)
    other = services.take_upload(ContentFile(b"name\nx\n", name="b.csv"), target=target, user=boss)
    with django_capture_on_commit_callbacks(execute=True):
        remove(boss)
    assert Path(other.file.path).exists()


def test_old_files_go_by_themselves(brought, boss, django_capture_on_commit_callbacks):
    run, path = brought
    never = services.take_upload(
        ContentFile(b"name\nx\n", name="b.csv"), target=target_of("customers.account", boss), user=boss
    )
    unused = Path(never.file.path)
    with django_capture_on_commit_callbacks(execute=True):
        assert sources.sweep() == 0
        assert sources.sweep(timezone.now() + timedelta(days=31)) == 2
        assert sources.sweep(timezone.now() + timedelta(days=31)) == 0
    assert not path.exists() and not unused.exists()
    assert list(Import.objects.all()) == [run]
