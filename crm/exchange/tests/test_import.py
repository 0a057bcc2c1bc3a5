"""Imports through the pages, as a person does them, on small files of the shapes that people bring."""

from __future__ import annotations

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from openpyxl import Workbook, load_workbook

from crm.access.models import Scope
from crm.exchange.importing.targets import target_of
from crm.exchange.models import Import, ImportRow
from crm.jobs.models import Job
from crm.records import hooks
from crm.records.models import Entry
from crm.search.models import SearchRow
from crm.users.models import Department, User
from customers.factories import make_account
from customers.models import Account, Contact, Source
from sales.models import Lead, Opportunity, Pipeline, Stage, StageHistory

pytestmark = pytest.mark.django_db

ALL = dict.fromkeys(("view", "add", "change", "delete", "assign", "export", "import"), Scope.ALL)


class Person:
    """Somebody who brings files through the pages."""

    def __init__(self, client, user, commit):
        self.client, self.user, self.commit = client, user, commit
        client.force_login(user)

    def upload(self, label, content, name="rows.csv", **query):
        data = content if isinstance(content, bytes) else content.encode()
        response = self.client.post(
            reverse("exchange:start", args=[label], query=query or None), {"file": SimpleUploadedFile(name, data)}
        )
        assert response.status_code == 302, response.content.decode()
        return Import.objects.latest("pk")

    def post(self, page, run, **data):
        response = self.client.post(reverse(f"exchange:{page}", args=[run.pk]), data)
        assert response.status_code == 302, response.content.decode()
        run.refresh_from_db()
        return response

    def look(self, run):
        """The verdicts of the check page."""
        with self.commit(execute=True):
            assert self.client.get(reverse("exchange:check", args=[run.pk])).status_code == 200
        run.refresh_from_db()
        return run.preview["counts"]

    def begin(self, run):
        """Start, and return the finished job."""
        with self.commit(execute=True):
            self.post("begin", run)
        run.refresh_from_db()
        job = Job.objects.get(pk=run.job_id)
        assert job.state == "done", job.error
        assert job.created + job.updated + job.skipped + job.failed == job.total == job.done
        assert self.client.get(reverse("jobs:job", args=[job.pk])).status_code == 200
        return job

    def whole(self, label, content, name="rows.csv", *, columns=None, options=None):
        """Upload, change what is to be changed, check, start: (import, job)."""
        run = self.upload(label, content, name)
        self.post("columns", run, **{f"{key}": value for key, value in (columns or {}).items()})
        if options:
            self.post("check", run, **{"mode": "create", "duplicates": "create", "blank": "keep", **options})
        expected = self.look(run)
        job = self.begin(run)
        assert expected["created"] == job.created and expected["failed"] == job.failed
        return run, job


@pytest.fixture
def bring(client, django_capture_on_commit_callbacks):
    return lambda user: Person(client, user, django_capture_on_commit_callbacks)


@pytest.fixture
def stages(db):
    StageHistory.objects.all().delete()
    pipeline = Pipeline.objects.create(name="Hardware", position=0)
    Pipeline.objects.exclude(pk=pipeline.pk).delete()
    Stage.objects.create(pipeline=pipeline, name="Prospecting", position=1)
    Stage.objects.create(pipeline=pipeline, name="Won", position=8, is_won=True)
    Stage.objects.create(pipeline=pipeline, name="Lost", position=9, is_lost=True)
    return pipeline


def reasons(run, verdict="rejected"):
    return {row.line: " ".join(row.reasons) for row in ImportRow.objects.filter(run=run, verdict=verdict)}


def test_columns_are_matched_in_both_languages_and_the_rest_is_kept(boss, bring):
    content = "客户名称,电话,Employees,年收入,备注甲\n北辰重工集团,13800138000,1200,1.2万,老客户\n"
    run, job = bring(boss).whole("customers.account", content)
    account = Account.objects.get()
    assert (job.created, account.name, account.phone, account.employees) == (1, "北辰重工集团", "13800138000", 1200)
    assert account.annual_revenue == 12000
    assert account.extras == {"备注甲": "老客户"}
    assert account.owner == boss
    entry = Entry.objects.get(record_id=account.pk, entity="customers.account")
    assert (entry.kind, entry.change_set, entry.cause) == ("customers.account.created", run.changes, f"import:{run.pk}")
    assert SearchRow.objects.filter(entity="customers.account", record_id=account.pk).exists()


def test_gb18030_and_workbooks_read_alike(boss, bring):
    person = bring(boss)
    text = "名称,税号\n青岛海润水务,91370200MA3C000012\n"
    person.whole("customers.account", text.encode("gb18030"))
    book = Workbook()
    book.active.append(["名称", "税号"])
    book.active.append(["苏州致远机械", "007700123456789012"])
    file = io.BytesIO()
    book.save(file)
    person.whole("customers.account", file.getvalue(), "rows.xlsx")
    assert dict(Account.objects.values_list("name", "tax_id")) == {
        "青岛海润水务": "91370200MA3C000012",
        "苏州致远机械": "007700123456789012",
    }


def test_a_list_of_names_without_headings(boss, bring):
    person = bring(boss)
    run = person.upload(
        "customers.account", "By someone\r\n2022.11.30\r\n\r\n东方模具\r\n鲁能热电\r\n".encode("utf-8-sig"), "names.txt"
    )
    person.post("reading", run, no_header="on", skip="3", next="1")
    assert run.mapping[0]["to"] == "field:name"
    job = person.begin(run)
    assert job.created == 2
    assert set(Account.objects.values_list("name", flat=True)) == {"东方模具", "鲁能热电"}


def test_rejected_rows_say_why_and_come_back_corrected(boss, bring):
    person = bring(boss)
    content = "name,email,employees\n甲公司,a@b.cn,5\n乙公司,not-a-mail,6\n丙公司,c@d.cn,many\n,e@f.cn,7\n"
    run, job = person.whole("customers.account", content)
    assert (job.created, job.failed) == (1, 3)
    told = reasons(run)
    assert "E-mail" in told[3] and "Employees" in told[4] and "Name" in told[5]
    file = person.client.get(reverse("exchange:rejected", args=[run.pk, "xlsx"])).getvalue()
    sheet = load_workbook(io.BytesIO(file)).active
    rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0][:3] == ["name", "email", "employees"] and len(rows) == 4
    rows[1][1], rows[2][2], rows[3][0] = "b@b.cn", "8", "丁公司"
    corrected = "\n".join(",".join(map(str, row)).replace("\n", " ") for row in rows)
    again = person.upload("customers.account", corrected, "fixed.csv", parent=run.pk)
    assert [entry["to"] for entry in again.mapping] == [
        "field:name",
        "field:email",
        "field:employees",
        "ignore",
        "ignore",
    ]
    assert person.begin(again).created == 3
    assert Account.objects.count() == 4 and not Account.objects.exclude(extras={}).exists()


def test_hostile_cells_are_listed_not_fatal(boss, bring):
    content = (
        "name,website,employees\n" + "x" * 400 + ",,\n好,javascript:alert(1),\n‮abc,,99999999999999999999\n=1+1,,3\n"
    )
    run, job = bring(boss).whole("customers.account", content)
    assert (job.created, job.failed) == (1, 3)
    assert Account.objects.get().name == "=1+1"


def test_opportunities_with_agents_accounts_and_stages(boss, bring, stages):
    person = bring(boss)
    agents = "sales_agent,manager,regional_office\nAnna Snelling,Dustin Brinkmann,Central\nMoses Frase,Dustin Brinkmann,East\n"
    run = person.upload("users.user", agents, "sales_teams.csv")
    person.post("columns", run, **{"missing-1": "create", "missing-2": "create"})
    assert person.begin(run).created == 2
    anna = User.objects.get(name="Anna Snelling")
    assert (anna.is_active, anna.has_usable_password(), anna.manager.name, anna.department.name) == (
        False,
        False,
        "Dustin Brinkmann",
        "Central",
    )
    person.whole("customers.account", "account,sector,subsidiary_of\nIsdom,medical,\nCancity,retail,Isdom\n")
    assert Account.objects.get(name="Cancity").parent.name == "Isdom"

    deals = (
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "A1,Anna Snelling,GTX Pro,Cancity,Won,20-10-16,01-03-17,1054\n"
        "A2,Moses Frase,GTXPro,Isdom,Lost,25-10-16,11-03-17,0\n"
        "A3,Nobody Known,MG Special,,Engaging,25-12-16,,\n"
        "A4,Anna Snelling,MG Special,Isdom,Prospecting,,,\n"
    )
    run = person.upload("sales.opportunity", deals)
    looks = {entry["heading"]: entry for entry in run.mapping}
    assert looks["close_date"]["order"] == looks["engage_date"]["order"] == "DMY"
    stage = looks["deal_stage"]["index"]
    person.post("columns", run, **{f"missing-{stage}": "reject"})
    number = [text for text, _n in run.analysis["columns"][stage]["distinct"]].index("Engaging")
    page = person.client.get(reverse("exchange:values", args=[run.pk]))
    assert "Engaging" in page.content.decode()
    person.post("values", run, **{f"value-{stage}-{number}": "create"})
    job = person.begin(run)
    assert job.created == 4, reasons(run)
    won = Opportunity.objects.get(external_id="A1")
    assert (won.owner, won.account.name, won.state, won.amount, won.close_date.isoformat()) == (
        anna,
        "Cancity",
        "won",
        1054,
        "2017-03-01",
    )
    assert won.closed_at.date().isoformat() in {"2017-02-28", "2017-03-01"} and won.product_text == "GTX Pro"
    orphan = Opportunity.objects.get(external_id="A3")
    assert (orphan.owner, orphan.account, orphan.amount, orphan.stage.name, orphan.stage.pipeline) == (
        boss,
        None,
        None,
        "Engaging",
        stages,
    )
    assert "Nobody Known" in reasons(run, "warned")[4]
    assert not StageHistory.objects.exists()
    assert [stage.name for stage in stages.stages.all()] == ["Prospecting", "Engaging", "Won", "Lost"]


def test_a_lead_needs_neither_name_nor_phone(boss, bring):
    content = "Prospect ID,Lead Number,Lead Source,Do Not Email,City\n319325b3,660128,Olark Chat,No,Thane\n2def8175,660087,google,No,Select\n1f13cede,660070,Google,No,\n"
    person = bring(boss)
    run = person.upload("sales.lead", content)
    source = next(entry["index"] for entry in run.mapping if entry["to"] == "field:source")
    person.post("columns", run, **{f"missing-{source}": "create"})
    assert person.begin(run).created == 3
    lead = Lead.objects.get(external_id="319325b3")
    assert lead.extras == {"Do Not Email": "No"} and "319325b3" in str(lead)
    assert Source.objects.filter(name__iexact="google").count() == 1


def test_going_on_without_changes_does_not_read_the_file_again(boss, bring, monkeypatch):
    person = bring(boss)
    run = person.upload("customers.account", "name\n甲\n乙\n")
    read = []
    monkeypatch.setattr("crm.exchange.views.services.read", lambda *given: read.append(given))
    same = {"header_row": "", "skip": "", "encoding": "", "delimiter": "", "next": "1"}
    answer = person.post("reading", run, **same)
    assert answer.headers["Location"] == reverse("exchange:columns", args=[run.pk]) and not read
    person.post("reading", run, **same | {"no_header": "on"})
    assert len(read) == 1


def test_modes_and_keys(boss, bring):
    make_account(name="甲", tax_id="TAX-00000001", employees=1, owner=boss)
    content = "name,tax_id,employees\n甲甲,TAX-00000001,2\n乙,TAX-00000002,3\n乙乙,TAX-00000002,4\n"
    person = bring(boss)
    for mode, counts, names in [
        ("create", (1, 0, 0, 2), {"甲", "乙"}),
        ("skip", (0, 0, 3, 0), {"甲", "乙"}),
        ("upsert", (0, 3, 0, 0), {"甲甲", "乙乙"}),
        ("update", (0, 0, 1, 0), {"甲甲", "乙乙"}),
    ]:
        text = content if mode != "update" else "name,tax_id,employees\n甲甲,TAX-00000001,2\n"
        _run, job = person.whole("customers.account", text, options={"mode": mode, "keys": ["tax_id"]})
        assert (job.created, job.updated, job.skipped, job.failed) == counts, mode
        assert set(Account.objects.values_list("name", flat=True)) == names, mode


def test_empty_cells_keep_or_clear(boss, bring):
    make_account(name="甲", tax_id="TAX-00000001", employees=7, phone="0532-8888", owner=boss)
    person = bring(boss)
    content = "name,tax_id,employees,phone\n甲,TAX-00000001,,\n"
    person.whole("customers.account", content, options={"mode": "update", "keys": ["tax_id"]})
    assert Account.objects.get().employees == 7
    person.whole("customers.account", content, options={"mode": "update", "keys": ["tax_id"], "blank": "clear"})
    account = Account.objects.get()
    assert (account.employees, account.phone) == (None, "")


@pytest.mark.parametrize(("choice", "counts"), [("create", (2, 0, 0)), ("skip", (1, 1, 0)), ("reject", (1, 0, 1))])
def test_look_alikes_by_choice(boss, bring, choice, counts):
    make_account(name="北辰重工集团有限公司", owner=boss)
    content = "name\n北辰重工\n鲁能热电\n"
    run, job = bring(boss).whole("customers.account", content, options={"mode": "create", "duplicates": choice})
    assert (job.created, job.skipped, job.failed) == counts
    assert run.rows.count() == 1


def test_links_name_contacts_to_accounts_set_wise(boss, bring, django_assert_max_num_queries):
    for number in range(3):
        make_account(name=f"客户{number}", owner=boss)
    rows = "".join(f"人{n},客户{n % 4},1380013{n:04d}\n" for n in range(40))
    run, job = bring(boss).whole("customers.contact", "姓名,客户,手机\n" + rows)
    assert job.created == 40
    assert Contact.objects.filter(account=None).count() == 10
    assert len(reasons(run, "warned")) == 10


def test_undo_takes_everything_back_but_what_was_changed_since(boss, bring, as_actor):
    person = bring(boss)
    old = make_account(name="甲", tax_id="TAX-00000001", employees=1, owner=boss)
    content = "name,tax_id,employees\n甲,TAX-00000001,2\n乙,TAX-00000002,3\n"
    run, _job = person.whole("customers.account", content, options={"mode": "upsert", "keys": ["tax_id"]})
    with person.commit(execute=True):
        person.client.post(reverse("exchange:undo", args=[run.pk]))
    old.refresh_from_db()
    assert old.employees == 1
    assert list(Account.objects.alive().values_list("name", flat=True)) == ["甲"]
    undone = Job.objects.latest("pk")
    assert (undone.kind, undone.state, undone.result["records"]) == ("exchange.undo", "done", 2)
    assert (undone.done, undone.total) == (2, 2)
    assert person.client.get(reverse("jobs:job", args=[undone.pk])).status_code == 200


def test_undo_of_people_spares_those_in_use(boss, bring):
    person = bring(boss)
    run, _job = person.whole("users.user", "name,department\n甲,\n乙,\n")
    User.objects.filter(name="乙").update(is_active=True)
    with person.commit(execute=True):
        person.client.post(reverse("exchange:undo", args=[run.pk]))
    assert set(User.objects.exclude(pk=boss.pk).values_list("name", flat=True)) == {"乙"}


def test_mapping_is_remembered_for_the_same_headings(boss, bring):
    person = bring(boss)
    content = "name,special\n甲,乙\n"
    person.whole("customers.account", content, columns={"to-1": "field:address"})
    again = person.upload("customers.account", content)
    assert again.mapping[1]["to"] == "field:address"


def test_a_field_for_two_columns_is_refused(boss, bring):
    person = bring(boss)
    run = person.upload("customers.account", "name,special\n甲,乙\n")
    response = person.client.post(reverse("exchange:columns", args=[run.pk]), {"to-1": "field:name"})
    assert response.status_code == 422


def test_starting_twice_is_one_job(boss, bring):
    person = bring(boss)
    run = person.upload("customers.account", "name\n甲\n")
    person.begin(run)
    with person.commit(execute=True):
        person.post("begin", run)
    assert Job.objects.filter(kind="exchange.import").count() == 1 and Account.objects.count() == 1


def test_departments_of_people_are_made_once(boss, bring):
    Department.objects.create(name="恒信", kind="company")
    person = bring(boss)
    run = person.upload("users.user", "姓名,部门\n甲,华东\n乙,华东\n")
    person.post("columns", run, **{"missing-1": "create"})
    person.begin(run)
    assert Department.objects.get(name="华东").parent.name == "恒信"


def test_what_a_rule_refuses_is_listed_with_its_field_and_the_rest_arrives(boss, bring, monkeypatch):
    def refuse(batch):
        for record in batch.after:
            if batch.model is Lead and record.company == "坏公司":
                raise ValidationError({"company": "No business with them."})

    monkeypatch.setattr(hooks, "_guards", [*hooks._guards, refuse])
    rows = "公司名称\n甲公司\n坏公司\n乙公司\n"
    run, job = bring(boss).whole("sales.lead", rows)
    assert (job.created, job.failed) == (2, 1)
    assert reasons(run) == {3: "Company: No business with them."}


def test_why_a_row_is_refused_is_said_in_the_language_of_the_reader(boss):
    error = ValidationError({"name": "缺"})
    with translation.override("zh-hans"):
        assert target_of("customers.account", boss).why(error) == ["名称：缺"]
    assert target_of("customers.account", boss).why(error) == ["Name: 缺"]
