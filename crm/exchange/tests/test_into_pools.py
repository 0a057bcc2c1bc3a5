"""Files that go into pools: 500 cards with the exhibition they are from, given away by region, the rest to the pools."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from crm.access.models import Grant, Role, Scope
from crm.exchange.models import ImportRow
from crm.exchange.tests.test_import import bring as bring_as  # noqa: F401
from crm.jobs.models import Job
from crm.ownership.models import AssignmentMember, AssignmentRule, Pool
from crm.records.models import Entry
from crm.reference.models import Region
from customers.factories import make_account
from customers.models import Account, Source
from customers.tracing import Touch
from sales.models import Lead

pytestmark = pytest.mark.django_db
LEAD, ACCOUNT = "sales.lead", "customers.account"


@pytest.fixture
def regions():
    found = {name: Region.objects.create(name=name) for name in ("测试东", "测试南", "测试西")}
    return {name: {"all": [{"field": "region", "op": "in", "value": [str(one.pk)]}]} for name, one in found.items()}


@pytest.fixture
def bring(boss, bring_as):  # noqa: F811
    return bring_as(boss)


def cards(count: int, *names: str) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.append(["姓名", "公司", "手机", "地区", "职务"])
    for n in range(count):
        sheet.append([f"名片{n}", f"展商{n}有限公司", f"139{n:08d}", names[n % len(names)], "采购"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_five_hundred_cards_find_their_people_and_pools_in_one_job(bring, regions, make_user):
    east, south = make_user("east"), make_user("south")
    for person, name in ((east, "测试东"), (south, "测试南")):
        rule = AssignmentRule.objects.create(entity=LEAD, name=name, condition=regions[name])
        AssignmentMember.objects.create(rule=rule, user=person)
    west = Pool.objects.create(entity=LEAD, name="西部池", position=1, condition=regions["测试西"])
    rest = Pool.objects.create(entity=LEAD, name="其余池", position=2)
    _run, job = bring.whole(
        LEAD,
        cards(500, "测试东", "测试南", "测试西", ""),
        "cards.xlsx",
        options={"label": "广交会 2026", "pool": "fitting"},
    )
    assert (job.created, job.failed, Job.objects.filter(kind="exchange.import").count()) == (500, 0, 1)
    counts = {
        "east": Lead.objects.filter(owner=east, pool=None).count(),
        "south": Lead.objects.filter(owner=south, pool=None).count(),
        "west": Lead.objects.filter(owner=None, pool=west).count(),
        "rest": Lead.objects.filter(owner=None, pool=rest).count(),
    }
    assert counts == dict.fromkeys(counts, 125)
    label = Source.objects.get(name="广交会 2026")
    assert Lead.objects.filter(source=label, first_source=label).count() == 500
    assert Touch.objects.filter(on_entity=LEAD, name="广交会 2026", kind="file").count() == 500
    assert Entry.objects.filter(kind="ownership.assigned").count() == 250
    assert Entry.objects.filter(kind="ownership.pooled", change_set=_run.changes).count() == 250
    with bring.commit(execute=True):
        bring.post("undo", _run)
    assert not Lead.objects.alive().exists(), "the whole of it is taken back, out of the pools too"


def test_one_pool_for_the_rest(bring):
    pool = Pool.objects.create(entity=LEAD, name="池")
    bring.whole(LEAD, "姓名,负责人\n甲,\n乙,boss\n", options={"pool": pool.pk})
    assert list(Lead.objects.order_by("pk").values_list("pool__name", "owner__username")) == [
        ("池", None),
        (None, "boss"),
    ]


def test_a_column_names_the_pool_of_each_row(boss, bring):
    east, other = (Pool.objects.create(entity=ACCOUNT, name=name) for name in ("华东公海", "停用公海"))
    Pool.objects.filter(pk=other.pk).update(active=False)
    Pool.objects.create(entity=LEAD, name="线索的池")
    rows = "客户名称,公海,负责人\n甲公司,华东公海,\n乙公司,,boss\n丙公司,停用公海,\n丁公司,线索的池,\n戊公司,华东公海,boss\n"
    run, job = bring.whole(ACCOUNT, rows)
    assert "field:pool" in {entry["to"] for entry in run.mapping}
    found = {a.name: (a.pool_id, a.owner_id) for a in Account.objects.all()}
    mine = (None, boss.pk)
    assert found == {"甲公司": (east.pk, None), "乙公司": mine, "丙公司": mine, "丁公司": mine}
    assert (job.created, job.failed) == (4, 1)
    told = {row.cells[0]: (row.verdict, row.reasons[0]) for row in ImportRow.objects.filter(run=run)}
    assert told["戊公司"] == ("rejected", "Name an owner or a pool, not both.")
    assert told["丙公司"][0] == "warned" and "was not found" in told["丙公司"][1]


def test_an_update_puts_records_there_that_one_may_change(bring, boss):
    pool = Pool.objects.create(entity=ACCOUNT, name="公海一")
    account = make_account(owner=boss, name="已有公司")
    run, job = bring.whole(ACCOUNT, "客户名称,公海\n已有公司,公海一\n", options={"mode": "update", "keys": ["name"]})
    account.refresh_from_db()
    assert (job.updated, account.pool, account.owner) == (1, pool, None)
    again = bring.whole(
        ACCOUNT, "客户名称,公海\n已有公司,\n", options={"mode": "update", "keys": ["name"], "blank": "clear"}
    )
    account.refresh_from_db()
    assert (again[1].updated, account.pool) == (0, pool), "an empty cell takes nothing out of a pool"


def test_without_the_right_there_is_no_such_column(rep, grant, bring_as):  # noqa: F811
    grant(rep, LEAD, **{"view": Scope.OWN, "add": Scope.OWN, "import": Scope.OWN})
    person = bring_as(rep)
    Pool.objects.create(entity=LEAD, name="池")
    run, job = person.whole(LEAD, "姓名,公海\n甲,池\n")
    assert "field:pool" not in {entry["to"] for entry in run.mapping}
    assert list(Lead.objects.values_list("pool", "owner")) == [(None, rep.pk)]
    Grant.objects.create(role=Role.objects.get(code="test-rep"), entity=LEAD, action="change", scope=Scope.OWN)
    run, job = person.whole(LEAD, "姓名,公海,公司\n乙,池,乙公司\n")
    assert Lead.objects.filter(pool__name="池", owner=None).count() == 1


def test_a_region_may_be_written_with_the_province_before_the_city(bring):
    bring.whole(LEAD, "姓名,地区\n甲,广东省深圳市\n乙,四川成都\n丙,湖北武汉\n丁,深圳\n", options={})
    assert list(Lead.objects.order_by("pk").values_list("region__name", flat=True)) == [
        "深圳市",
        "成都市",
        "武汉市",
        "深圳市",
    ]
