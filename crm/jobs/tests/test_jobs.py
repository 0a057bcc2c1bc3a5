"""Jobs: exactly once over kills, one runner at a time, cancelling, private results."""

import time
from datetime import timedelta

import psycopg2
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crm.jobs import running as runner
from crm.jobs.kinds import job_kind, kinds
from crm.jobs.models import Job, JobFile
from crm.jobs.running import LOCK_SPACE, JobError, Running, Superseded, run
from crm.jobs.services import cancel_job, rescue_jobs, start_job, sweep_files
from crm.users.models import Department, User

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


@pytest.fixture
def user():
    return User.objects.create_user("rep", name="林晓", password="x")


@pytest.fixture
def counting():
    """A kind that makes one department a batch, up to params["to"]; dies inside the batch named by params["die"]."""
    name = "test.counting"

    @job_kind(name, "Counting")
    def count(running: Running) -> dict:
        running.set_total(running.params["to"])
        for number in range(running.checkpoint.get("next", 0), running.params["to"]):
            with running.batch() as step:
                Department.objects.create(name=f"counted {number}")
                if number == running.params.get("die") and running.job.attempt == 1:
                    raise Killed
                step.created, step.checkpoint = 1, {"next": number + 1}
        return {"made": running.params["to"]}

    yield name
    del kinds[name]


def start(kind, user, **params):
    return start_job(kind, user=user, params=params, title="Count")


def test_runs_eagerly_after_commit(counting, user, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = start(counting, user, to=3)
        assert job.state == Job.State.QUEUED
    job.refresh_from_db()
    assert (job.state, job.done, job.created, job.total, job.result) == ("done", 3, 3, 3, {"made": 3})


def test_a_killed_batch_leaves_nothing_and_the_rescue_goes_on_from_the_checkpoint(counting, user):
    job = start(counting, user, to=5, die=3)
    with pytest.raises(Killed):
        run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, Department.objects.filter(name__startswith="counted").count()) == ("running", 3, 3)
    assert rescue_jobs() == 0, "a fresh heartbeat is left alone"
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert rescue_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.attempt) == ("done", 5, 2)
    assert Department.objects.filter(name__startswith="counted").count() == 5


def test_a_superseded_attempt_cannot_commit(counting, user):
    job = start(counting, user, to=5)
    Job.objects.filter(pk=job.pk).update(state="running", attempt=1, heartbeat_at=timezone.now())
    old = Running(Job.objects.get(pk=job.pk))
    with pytest.raises(Superseded), old.batch() as step:
        Department.objects.create(name="counted twice")
        Job.objects.filter(pk=job.pk).update(attempt=2)
        step.created = 1
    assert not Department.objects.filter(name="counted twice").exists()


def test_a_living_runner_keeps_others_out(counting, user):
    job = start(counting, user, to=2)
    settings = connection.get_connection_params()
    other = psycopg2.connect(**{k: v for k, v in settings.items() if k not in {"cursor_factory"}})
    other.cursor().execute("select pg_advisory_lock(%s)", [LOCK_SPACE + job.pk])
    run(job.pk)
    job.refresh_from_db()
    assert job.state == "queued"
    other.close()
    for _attempt in range(100):  # the server notices the end of a session within moments
        run(job.pk)
        job.refresh_from_db()
        if job.state == "done":
            break
        time.sleep(0.05)
    assert job.state == "done"


def test_a_finished_job_does_not_run_again(counting, user):
    job = start(counting, user, to=2)
    run(job.pk)
    run(job.pk)
    assert Department.objects.filter(name__startswith="counted").count() == 2


def test_cancelling_stops_between_batches_and_keeps_what_is_done(user):
    @job_kind("test.stopping", "Stopping")
    def work(running: Running) -> None:
        for number in range(10):
            with running.batch() as step:
                step.created = 1
                if number == 4:
                    cancel_job(running.job)

    job = start("test.stopping", user)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.created) == ("cancelled", 5)
    waiting = start("test.stopping", user)
    cancel_job(waiting)
    run(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.created) == ("cancelled", 0)


def test_a_failure_says_why(user):
    @job_kind("test.failing", "Failing")
    def work(running: Running) -> None:
        raise JobError("The file is gone. Upload it again.")

    job = start("test.failing", user)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The file is gone. Upload it again.")


def test_a_job_that_never_gets_on_is_given_up(counting, user):
    job = start(counting, user, to=1)
    Job.objects.filter(pk=job.pk).update(stalls=runner.MOST_STALLS)
    run(job.pk)
    job.refresh_from_db()
    assert job.state == "failed" and job.error


def test_only_its_user_sees_a_job_and_its_files(counting, user, client):
    job = start(counting, user, to=1)
    run(job.pk)
    result = JobFile(job=job, name="结果.csv", content_type="text/csv", size=3)
    result.file.save("x", ContentFile(b"a,b"), save=True)
    address = reverse("jobs:file", args=[job.pk, result.pk])
    client.force_login(user)
    response = client.get(address)
    assert b"".join(response.streaming_content) == b"a,b"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get(reverse("jobs:job", args=[job.pk])).status_code == 200
    assert "Count" in client.get(reverse("jobs:list")).content.decode()
    client.force_login(User.objects.create_superuser("boss", name="Boss", password="x"))
    for name, args in [("file", [job.pk, result.pk]), ("job", [job.pk]), ("progress", [job.pk])]:
        assert client.get(reverse(f"jobs:{name}", args=args)).status_code == 404
    assert client.post(reverse("jobs:cancel", args=[job.pk])).status_code == 404
    JobFile.objects.update(created_at=timezone.now() - timedelta(days=40))
    assert sweep_files() == 1
    assert not JobFile.objects.exists()


def test_polling_stops_at_the_end(counting, user, client):
    client.force_login(user)
    job = start(counting, user, to=1)
    waiting = client.get(reverse("jobs:progress", args=[job.pk]), headers={"HX-Request": "true"})
    assert waiting.status_code == 200 and b"every 1s" in waiting.content
    run(job.pk)
    over = client.get(reverse("jobs:progress", args=[job.pk]), headers={"HX-Request": "true"})
    assert b"every 1s" not in over.content
