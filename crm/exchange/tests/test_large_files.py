"""A large file is looked at by a job; what only the database can judge is judged before anything is written."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import CheckConstraint, F, Q
from django.urls import reverse

from crm.exchange import services
from crm.exchange.importing import trial
from crm.exchange.importing.preview import look_ahead
from crm.exchange.importing.rows import CREATE, Row
from crm.exchange.importing.targets import target_of
from crm.exchange.models import Import
from crm.exchange.reading.errors import ReadError
from crm.jobs.models import Job
from crm.records.models import Entry
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"


@pytest.fixture
def large(monkeypatch):
    """Everything counts as large, and three rows are looked at in the request."""
    monkeypatch.setattr(services, "LARGE", 0)
    monkeypatch.setattr(services, "INLINE", 3)


def upload(client, text):
    content = SimpleUploadedFile("rows.csv", text.encode())
    response = client.post(reverse("exchange:start", args=[LABEL]), {"file": content})
    assert response.status_code == 302, response.content.decode()
    return Import.objects.latest("pk")


def page(client, name, run):
    return client.get(reverse(f"exchange:{name}", args=[run.pk]))


FILE = "客户名称,成立日期\n" + "".join(f"北辰{n}号,01-0{n}-2020\n" for n in range(1, 8)) + "北辰8号,13-01-2020\n"


def test_a_large_file_is_looked_at_by_a_job(boss, client, large, django_capture_on_commit_callbacks):
    client.force_login(boss)
    with django_capture_on_commit_callbacks() as callbacks:
        run = upload(client, FILE)
    assert (run.looking, run.analysis["rows"]) == (True, 3)
    assert "Looking at all rows" in page(client, "reading", run).content.decode()
    for name in ("columns", "values", "check"):
        assert page(client, name, run).headers["Location"] == reverse("exchange:reading", args=[run.pk])
    begun = client.post(reverse("exchange:begin", args=[run.pk]))
    assert begun.headers["Location"] == reverse("exchange:reading", args=[run.pk])
    assert page(client, "reading_state", run).status_code == 200
    for callback in callbacks:
        callback()
    job = Job.objects.get(pk=run.analysis["job"])
    run.refresh_from_db()
    assert (job.state, job.total, job.done) == ("done", 8, 8)
    assert (run.looking, run.analysis["rows"], run.analysis["columns"][1]["order"]) == (False, 8, "DMY")
    state = page(client, "reading_state", run)
    assert (state.status_code, state.headers["HX-Refresh"]) == (286, "true")
    assert page(client, "columns", run).status_code == 200
    assert client.get(reverse("jobs:job", args=[job.pk])).status_code == 200


def test_reading_anew_stops_the_look_with_the_old_settings(boss, client, large, django_capture_on_commit_callbacks):
    client.force_login(boss)
    with django_capture_on_commit_callbacks():
        run = upload(client, FILE)
        client.post(reverse("exchange:reading", args=[run.pk]), {"no_header": "on", "next": "1"})
    first = Job.objects.get(pk=run.analysis["job"])
    run.refresh_from_db()
    assert first.state == "cancelled"
    assert run.analysis["job"] != first.pk


def test_a_file_that_breaks_further_down_says_so(boss, client, large, monkeypatch, django_capture_on_commit_callbacks):
    client.force_login(boss)
    with django_capture_on_commit_callbacks() as callbacks:
        run = upload(client, FILE)
    monkeypatch.setattr("crm.exchange.jobs.analyse", broken)
    for callback in callbacks:
        callback()
    shown = page(client, "reading", run).content.decode()
    assert "Row 5 is damaged." in shown
    assert "disabled" in shown
    assert page(client, "columns", run).status_code == 302


def broken(run, told):
    raise ReadError("Row 5 is damaged.")


def test_small_files_are_looked_at_in_the_request(boss, client):
    client.force_login(boss)
    run = upload(client, FILE)
    assert (run.looking, run.analysis["rows"]) == (False, 8)
    assert page(client, "columns", run).status_code == 200
    assert not Job.objects.exists()


def test_what_only_the_table_refuses_is_told_before(boss, client):
    """An account that would become its own parent: a CHECK over two columns."""
    client.force_login(boss)
    make_account(name="北辰重工", tax_id="913100001234567890")
    other = make_account(name="海润水务", tax_id="913100001234567891")
    text = "客户名称,税号,上级客户\n北辰重工,913100001234567890,北辰重工\n海润水务,913100001234567891,北辰重工\n"
    run = upload(client, text)
    assert run.options["keys"] == ["tax_id"]
    entries = Entry.objects.count()
    found = look_ahead(run)
    assert found["counts"] == {"created": 0, "updated": 1, "skipped": 0, "failed": 1}
    assert [row["verdict"] for row in found["shown"]] == ["reject", "update"]
    other.refresh_from_db()
    assert (other.parent, other.version, Entry.objects.count()) == (None, 1, entries)


def test_new_rows_are_tried_where_the_table_has_such_a_rule(boss, monkeypatch):
    """Two rows of five break it; nothing is left behind."""
    monkeypatch.setattr(trial, "left_to_the_database", lambda model, fresh: True)
    target = target_of(LABEL, boss)
    rows = [Row(n, []) for n in range(5)]
    for n, row in enumerate(rows):
        row.verdict, row.record = CREATE, Account(owner=boss, name="" if n in {1, 4} else f"北辰{n}")
    trial.try_out(rows, target)
    assert [row.verdict for row in rows] == ["create", "reject", "create", "create", "reject"]
    assert not Account.objects.exists()
    assert all(row.record.pk is None for row in rows)


def test_which_rules_are_left_to_the_database(monkeypatch):
    assert trial.left_to_the_database(Account, fresh=False)
    assert not trial.left_to_the_database(Account, fresh=True)
    rule = CheckConstraint(condition=Q(updated_at__gte=F("created_at")), name="changed_after_it_was_made")
    monkeypatch.setattr(Account._meta, "constraints", [*Account._meta.constraints, rule])
    assert trial.left_to_the_database(Account, fresh=True)
