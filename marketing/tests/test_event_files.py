"""Large files of events: a job with progress, an error file, and no doubles, also after a second attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm.access.models import Scope
from crm.jobs.models import Job, JobFile
from crm.jobs.running import run
from customers.factories import make_contact
from marketing.events import files, jobs
from marketing.models import BehaviourEvent

pytestmark = pytest.mark.django_db
URL = "/marketing/events/import/"


@pytest.fixture
def rows(monkeypatch, client, rep, grant):
    """A file with 25 good rows and 2 bad ones, where 10 is many."""
    monkeypatch.setattr(files, "MOST", 10)
    monkeypatch.setattr("marketing.events.views.MOST_ROWS", 10)
    monkeypatch.setattr(jobs, "BATCH", 7)
    grant(rep, "customers.contact", **{"import": Scope.ALL, "view": Scope.OWN})
    client.force_login(rep)
    day = f"{timezone.now() - timedelta(days=1):%Y-%m-%d}"
    lines = [f"{n},{day} 10:{n:02},13912345678,茶{n},10" for n in range(25)]
    lines[3:3] = ["bad,foo,13912345678,=1+1,1", f"late,{day} 10:00,,x,1"]
    return "单号,交易时间,会员手机,商品名称,实付金额\n" + "\n".join(lines) + "\n"


def bring(client, rows) -> Job:
    file = SimpleUploadedFile("till.csv", rows.encode())
    answer = client.post(URL, {"kind": "store_purchase", "file": file})
    assert answer.status_code == 302
    return Job.objects.latest("pk")


def counts(job: Job) -> tuple[str, int, int, int, int]:
    job.refresh_from_db()
    return job.state, job.total, job.created, job.skipped, job.failed


def test_a_large_file_is_a_job_and_comes_twice_without_doubles(client, rows):
    make_contact(mobile="13912345678")
    job = bring(client, rows)
    assert not BehaviourEvent.objects.exists()
    run(job.pk)
    assert counts(job) == ("done", 27, 25, 0, 2)
    assert BehaviourEvent.objects.filter(on_id__isnull=False).count() == 25
    again = bring(client, rows)
    run(again.pk)
    assert counts(again) == ("done", 27, 0, 25, 2)
    assert client.get(f"/jobs/{job.pk}/").status_code == 200
    told = JobFile.objects.get(job=job, content_type__startswith="text/csv").file.read().decode("utf-8-sig")
    assert [line.split(",")[0] for line in told.splitlines()[1:]] == ["5", "6"]
    assert "'=1+1" in told


def test_a_second_attempt_goes_on(client, rows, monkeypatch):
    job, taken = bring(client, rows), []
    real = jobs.take_events

    def breaks(source, data):
        taken.append(len(data))
        if len(taken) == 2:
            raise RuntimeError("power cut")
        return real(source, data)

    monkeypatch.setattr(jobs, "take_events", breaks)
    with pytest.raises(RuntimeError):
        run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.checkpoint, job.done) == ("failed", {"rows": 7}, 7)
    Job.objects.filter(pk=job.pk).update(state="queued")
    run(job.pk)
    assert counts(job) == ("done", 27, 25, 0, 2) and taken == [7, 7, 7, 7, 6]


def test_others_see_and_bring_nothing(client, rows, other):
    job = bring(client, rows)
    client.force_login(other)
    assert client.get(f"/jobs/{job.pk}/").status_code == 404
    assert client.post(URL, {"kind": "store_purchase"}).status_code == 403


def test_a_file_that_cannot_be_read_starts_nothing(client, rows):
    for content in (b"a,b\n1,2\n", b"\x00\x01\x02", b""):
        answer = client.post(URL, {"file": SimpleUploadedFile("x.csv", content)})
        assert answer.status_code == 422
    assert not Job.objects.exists()
