"""Who may bring what: grants, fields, rows, owners, and other people's imports."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.access.models import Scope
from crm.exchange.models import Import, ImportRow
from crm.jobs.models import Job
from crm.jobs.running import run as run_job
from customers.factories import make_account
from customers.models import Account, Contact, Source

pytestmark = pytest.mark.django_db
LABEL = "customers.account"


@pytest.fixture
def importer(rep, grant, client):
    grant(rep, LABEL, **{"view": Scope.OWN, "add": Scope.OWN, "change": Scope.OWN, "import": Scope.OWN})
    client.force_login(rep)
    return rep


def upload(client, content, label=LABEL):
    response = client.post(
        reverse("exchange:start", args=[label]), {"file": SimpleUploadedFile("a.csv", content.encode())}
    )
    assert response.status_code == 302, response.content.decode()
    return Import.objects.latest("pk")


def begin(client, run):
    client.post(reverse("exchange:begin", args=[run.pk]))
    job = Job.objects.latest("pk")
    run_job(job.pk)
    job.refresh_from_db()
    return job


def options(client, run, **data):
    client.post(
        reverse("exchange:check", args=[run.pk]), {"mode": "create", "duplicates": "create", "blank": "keep", **data}
    )


def test_without_the_grant_there_is_no_way_in(client, rep, grant):
    grant(rep, LABEL, view=Scope.ALL, add=Scope.ALL, change=Scope.ALL)
    client.force_login(rep)
    assert client.get(reverse("exchange:start", args=[LABEL])).status_code == 403
    assert client.get(reverse("exchange:template", args=[LABEL, "csv"])).status_code == 403
    assert client.get(reverse("exchange:start", args=["users.user"])).status_code == 403
    assert client.get(reverse("exchange:start", args=["no.such"])).status_code == 404
    client.logout()
    assert client.get(reverse("exchange:start", args=[LABEL])).status_code == 302


def test_another_persons_import_does_not_exist(client, importer, boss):
    run = upload(client, "name\n甲\n")
    client.force_login(boss)
    for page in ("reading", "columns", "values", "check", "check_state"):
        assert client.get(reverse(f"exchange:{page}", args=[run.pk])).status_code == 404
    for page in ("begin", "undo"):
        assert client.post(reverse(f"exchange:{page}", args=[run.pk])).status_code == 404
    assert client.get(reverse("exchange:rejected", args=[run.pk, "csv"])).status_code == 404


@pytest.mark.parametrize("mode", ["hidden", "masked", "read"])
def test_fields_one_may_not_write_are_not_offered(client, importer, field_rule, mode):
    field_rule(importer, LABEL, "phone", mode)
    run = upload(client, "name,phone\n甲,13800138000\n")
    assert run.mapping[1]["to"] == "extra"
    client.post(reverse("exchange:columns", args=[run.pk]), {"to-1": "field:phone"})
    begin(client, run)
    assert Account.objects.get().phone == ""


def test_rows_about_other_peoples_records_are_rejected(client, importer, other):
    mine = make_account(name="我的", tax_id="TAX-00000001", employees=1, owner=importer)
    theirs = make_account(name="别人的", tax_id="TAX-00000002", employees=1, owner=other)
    run = upload(client, "name,tax_id,employees\n我的,TAX-00000001,2\n别人的,TAX-00000002,2\n")
    options(client, run, mode="upsert", keys=["tax_id"])
    job = begin(client, run)
    assert (job.updated, job.failed) == (1, 1)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.employees, theirs.employees) == (2, 1)


def test_owners_need_the_right_to_assign(client, importer, other, grant, team):
    content = f"name,owner\n甲,{other.username}\n乙,{importer.username}\n"
    run = upload(client, content)
    job = begin(client, run)
    assert (job.created, job.failed) == (1, 1)
    team("A", importer, other)
    grant(importer, LABEL, assign=Scope.TEAM)
    job = begin(client, upload(client, content.replace("甲", "丙").replace("乙", "丁")))
    assert job.created == 2 and Account.objects.get(name="丙").owner == other


def test_links_reach_only_what_one_may_see(client, importer, other, grant):
    grant(importer, "customers.contact", **{"view": Scope.OWN, "add": Scope.OWN, "import": Scope.OWN})
    make_account(name="看得见", owner=importer)
    make_account(name="看不见", owner=other)
    run = upload(client, "name,account\n王一,看得见\n王二,看不见\n", "customers.contact")
    begin(client, run)
    assert {c.name: str(c.account or "") for c in Contact.objects.all()} == {"王一": "看得见", "王二": ""}
    assert "看不见" in ImportRow.objects.get(run=run).reasons[0]


def test_new_reference_data_needs_its_own_right(client, importer, grant):
    run = upload(client, "name,source\n甲,新渠道\n")
    index = next(entry["index"] for entry in run.mapping if entry["to"] == "field:source")
    client.post(reverse("exchange:columns", args=[run.pk]), {f"missing-{index}": "create"})
    client.post(reverse("exchange:values", args=[run.pk]), {f"value-{index}-0": "create"})
    begin(client, run)
    assert not Source.objects.filter(name="新渠道").exists()


def test_nothing_is_created_without_the_right_to_add(client, rep, grant):
    grant(rep, LABEL, **{"view": Scope.OWN, "change": Scope.OWN, "import": Scope.OWN})
    client.force_login(rep)
    run = upload(client, "name,tax_id\n甲,TAX-00000001\n")
    run.options["mode"] = "create"
    run.save()
    job = begin(client, run)
    assert (job.created, job.failed) == (0, 1)


def test_a_right_withdrawn_before_the_start_stops_the_job(client, importer, grant):
    run = upload(client, "name\n甲\n")
    client.post(reverse("exchange:begin", args=[run.pk]))
    grant(importer, LABEL, **{"import": Scope.NONE})
    job = Job.objects.latest("pk")
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed" and job.error and not Account.objects.exists()


def test_files_that_are_no_table_are_refused_in_words(client, importer):
    for name, content in [("a.exe", b"MZ"), ("a.csv", b""), ("a.csv", b"a\x00b\x00c"), ("a.xlsx", b"PK\x03\x04broken")]:
        response = client.post(reverse("exchange:start", args=[LABEL]), {"file": SimpleUploadedFile(name, content)})
        assert response.status_code == 422, name
    assert not Import.objects.exists()
