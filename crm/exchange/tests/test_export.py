"""Exports hold what the list shows to the person who asks, and nothing that runs."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.urls import reverse
from openpyxl import load_workbook

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.exchange import export_view
from crm.exchange.exporting import Export
from crm.exchange.models import Import
from crm.jobs.models import Job
from crm.records.models import AuditEvent
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
URL = "/customers/accounts/export/"


@pytest.fixture
def reader(rep, grant, client):
    grant(rep, "customers.account", view=Scope.OWN, export=Scope.OWN)
    client.force_login(rep)
    return rep


def as_csv(response):
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


def test_csv_of_conditions_columns_and_order(client, reader, other):
    for name in ("乙公司", "甲公司", "丙厂"):
        make_account(name=name, owner=reader, employees=5)
    make_account(name="别人的公司", owner=other)
    response = client.post(f"{URL}?name=公司&cols=name,owner,kind&sort=name", {"format": "csv"})
    rows = as_csv(response)
    assert rows[1:] == [["甲公司", "林晓", "Prospect"], ["乙公司", "林晓", "Prospect"]]
    assert response["Content-Disposition"].startswith("attachment") and response["X-Content-Type-Options"] == "nosniff"
    event = AuditEvent.objects.get(action="exported")
    assert (event.user, event.entity, event.data["count"]) == (reader, "customers.account", 2)
    assert "name" in event.data["query"] and event.data["columns"] == ["name", "owner", "kind"]


def test_workbook_keeps_kinds_and_runs_nothing(client, reader):
    make_account(name="=HYPERLINK(1)", owner=reader, phone="007")
    response = client.post(f"{URL}?cols=name,phone,created_at", {"format": "xlsx"})
    sheet = load_workbook(io.BytesIO(b"".join(response))).active
    name, phone, created = [cell.value for cell in list(sheet.rows)[1]]
    assert (name, phone) == ("'=HYPERLINK(1)", "007")
    assert created.date() == Account.objects.get().created_at.astimezone().date() or created.year == 2026


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_what_was_neutralised_imports_unchanged(client, boss, format):
    names = ["=1+1", "@cmd", "-x", "＝1", "'=quoted", "正常", "+86 1", '<b>&"amp"']
    for name in names:
        make_account(name=name, owner=boss)
    client.force_login(boss)
    file = b"".join(client.post(f"{URL}?cols=name&sort=name", {"format": format}))
    Account.objects.all().delete()
    client.post(
        reverse("exchange:start", args=["customers.account"]), {"file": SimpleUploadedFile(f"a.{format}", file)}
    )
    run = Import.objects.get()
    client.post(reverse("exchange:begin", args=[run.pk]))
    from crm.jobs.running import run as run_job

    run_job(Job.objects.get(kind="exchange.import").pk)
    assert set(Account.objects.values_list("name", flat=True)) == set(names)


def test_hidden_is_absent_and_masked_is_masked(client, reader, field_rule):
    make_account(name="甲公司", owner=reader, phone="13800138000", email="secret@corp.cn")
    field_rule(reader, "customers.account", "phone", "masked")
    field_rule(reader, "customers.account", "level", "hidden")
    rows = as_csv(client.post(f"{URL}?cols=name,phone,level", {"format": "csv"}))
    assert len(rows[0]) == 2 and "Level" not in rows[0]
    assert rows[1][1] != "13800138000" and "*" in rows[1][1]
    refused = client.post(f"{URL}?cols=name&level=a", {"format": "csv"})
    assert refused.status_code == 422


def test_the_grant_decides_and_a_narrower_export_scope_narrows(client, rep, other, grant, team):
    team("A", rep, other)
    grant(rep, "customers.account", view=Scope.TEAM)
    client.force_login(rep)
    assert client.get(URL).status_code == 403
    assert client.post(URL, {"format": "csv"}).status_code == 403
    grant(rep, "customers.account", export=Scope.OWN)
    make_account(name="我的", owner=rep)
    make_account(name="队友的", owner=other)
    rows = as_csv(client.post(f"{URL}?cols=name", {"format": "csv"}))
    assert rows[1:] == [["我的"]]


def test_many_rows_become_a_job(client, reader, other, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(export_view, "AT_ONCE", 3)
    for number in range(5):
        make_account(name=f"公司{number}", owner=reader)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"{URL}?cols=name&sort=name", {"format": "csv"})
    job = Job.objects.get(kind="exchange.export")
    assert response.url == reverse("jobs:job", args=[job.pk]) and (job.state, job.done, job.total) == ("done", 5, 5)
    address = reverse("jobs:file", args=[job.pk, job.files.get().pk])
    assert [row[0] for row in as_csv(client.get(address))[1:]] == [f"公司{number}" for number in range(5)]
    assert AuditEvent.objects.get(action="exported").data["count"] == 5
    client.force_login(other)
    assert client.get(address).status_code == 404


def test_the_page_asks_for_a_format(client, reader):
    make_account(name="甲", owner=reader)
    assert b"XLSX" in client.get(URL).content
    assert client.post(URL, {"format": "exe"}).status_code == 422


def test_queries_do_not_grow_with_the_rows(boss, django_assert_num_queries, make_user):
    counts = []
    for size in (2, 20):
        for number in range(size):
            make_account(name=f"公司{size}-{number}", owner=boss)
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        export = Export(bind(registry["customers.account"], boss), QueryDict("cols=name,owner,industry"))
        with CaptureQueriesContext(connection) as queries:
            list(export.rows())
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_template_has_the_headings_the_person_may_fill(client, rep, grant, field_rule):
    grant(rep, "customers.account", **{"view": Scope.OWN, "add": Scope.OWN, "import": Scope.OWN})
    field_rule(rep, "customers.account", "phone", "hidden")
    client.force_login(rep)
    rows = as_csv(client.get(reverse("exchange:template", args=["customers.account", "csv"])))
    assert "Name" in rows[0] and "Phone" not in rows[0]
