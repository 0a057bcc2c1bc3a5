"""A region, an industry or a department stands for everything below it: in lists, boards, exports and in memory."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.db import connection
from django.utils import timezone

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.builder import builder_fields
from crm.entities.entity import entity_of
from crm.fields.conditions import Reader, make_test
from crm.fields.field import resolve
from crm.reference.models import Industry, Region
from crm.users.models import Department
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
LIST = "/customers/accounts/"


@pytest.fixture
def places():
    """浙江 with 杭州 and its 西湖, and 江苏 beside it."""
    zhejiang, jiangsu = (Region.objects.create(name=f"测试{name}", kind="province") for name in ("浙江", "江苏"))
    hangzhou = Region.objects.create(name="测试杭州", parent=zhejiang)
    westlake = Region.objects.create(name="测试西湖", parent=hangzhou)
    return zhejiang, hangzhou, westlake, jiangsu


@pytest.fixture
def accounts(seller, places):
    made = {place.name: make_account(name=f"在{place.name}", owner=seller, region=place) for place in places}
    return made | {"": make_account(name="不知何处", owner=seller)}


def where(op, *nodes, field="region"):
    return json.dumps({"all": [{"field": field, "op": op, "value": [str(node.pk) for node in nodes]}]})


def listed(client, url=LIST, **params):
    answer = client.get(url, params)
    assert answer.status_code == 200
    return {str(record) for record in answer.context["page"]}


def test_a_province_includes_its_cities(sells, accounts, places):
    zhejiang, hangzhou, _westlake, jiangsu = places
    assert listed(sells, where=where("under", zhejiang)) == {"在测试浙江", "在测试杭州", "在测试西湖"}
    assert listed(sells, where=where("under", hangzhou)) == {"在测试杭州", "在测试西湖"}
    assert listed(sells, where=where("in", hangzhou)) == {"在测试杭州"}
    assert listed(sells, where=where("under", hangzhou, jiangsu)) == {"在测试杭州", "在测试西湖", "在测试江苏"}
    assert listed(sells, where=where("not_under", zhejiang)) == {"在测试江苏", "不知何处"}
    assert listed(sells, region__under=[hangzhou.pk, jiangsu.pk]) == {"在测试杭州", "在测试西湖", "在测试江苏"}
    chips = sells.get(LIST, {"where": where("under", zhejiang)}).context["query"].chips()
    assert [(chip.op, chip.value) for chip in chips] == [("is or lies below", "测试浙江")]


def test_a_node_that_moved_counts_where_it_is_now(sells, accounts, places):
    zhejiang, hangzhou, _westlake, jiangsu = places
    hangzhou.parent = jiangsu
    hangzhou.save()
    assert listed(sells, where=where("under", zhejiang)) == {"在测试浙江"}
    assert listed(sells, where=where("under", jiangsu)) == {"在测试江苏", "在测试杭州", "在测试西湖"}


def test_an_id_is_no_prefix_of_another(sells, seller):
    """/1/ must not hold /12/."""
    nodes = [Region.objects.create(name=f"区{n}") for n in range(12)]
    for node in nodes:
        make_account(name=node.name, owner=seller, region=node)
    for node in nodes:
        assert listed(sells, where=where("under", node)) == {node.name}


def test_what_does_not_exist_matches_nothing(sells, accounts):
    assert listed(sells, region__under="999999999") == set()
    assert sells.get(LIST, {"region__under": "x"}).status_code == 422
    assert sells.get(LIST, {"name__under": "1"}).status_code == 422


def test_industries_departments_and_links_over_records(sells, seller, other):
    above = Department.objects.create(name="华东")
    below = Department.objects.create(name="上海", parent=above)
    trade = Industry.objects.create(name="测试行业")
    shop = Industry.objects.create(name="测试零售", parent=trade)
    one, two = make_account(name="甲", owner=seller, industry=shop), make_account(name="乙", owner=seller)
    Account.objects.filter(pk=two.pk).update(department=below)
    assert listed(sells, where=where("under", trade, field="industry")) == {"甲"}
    assert listed(sells, where=where("under", above, field="department")) == {"乙"}
    assert one.pk != two.pk


def test_boards_and_exports_read_it_too(client, sells, seller, grant):
    above = Department.objects.create(name="华东")
    below = Department.objects.create(name="上海", parent=above)
    grant(seller, "sales.opportunity", export=Scope.ALL, view=Scope.ALL)
    inside, outside = make_opportunity(name="里面", owner=seller), make_opportunity(name="外面", owner=seller)
    type(inside)._base_manager.filter(pk=inside.pk).update(department=below)
    condition = where("under", above, field="department")
    pipeline = inside.pipeline_id
    board = sells.get("/sales/opportunities/board/", {"where": condition, "pipeline": pipeline})
    assert [str(c["record"]) for head in board.context["heads"] for c in head.cards] == ["里面"]
    answer = sells.post(f"/sales/opportunities/export/?cols=name&where={condition}", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[1:] == [["里面"]]
    assert outside.pk


def test_the_builder_offers_it_for_trees_only(seller, account):
    described = builder_fields(bind(entity_of(account), seller))
    fields = {field["name"]: [op["name"] for op in field["operators"]] for field in described}
    assert fields["region"][:4] == ["in", "under", "not_under", "not_in"]
    assert not [name for name in ("source", "parent", "name") if "under" in fields[name]]


@pytest.mark.parametrize("op", ["under", "not_under"])
def test_memory_and_database_agree(accounts, places, op):
    reader = Reader(1, (1,), timezone.now())
    for node in places:
        test = make_test(resolve(Account, "region"), op, [node.pk])
        stored = set(Account.objects.filter(test.q(reader)))
        assert {a for a in accounts.values() if test.holds(a, reader)} == stored


def test_a_rare_place_is_found_by_the_index_in_one_statement(seller, accounts, places, django_assert_num_queries):
    _zhejiang, hangzhou, *_rest = places
    far = [Region.objects.create(name=f"测试远方{n}") for n in range(200)]
    rows = [Account(name=f"远{n}", owner=seller, region=far[n % 200], created_by=seller) for n in range(6000)]
    Account.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("analyze customers_account, reference_region")
    test = make_test(resolve(Account, "region"), "under", [hangzhou.pk])
    found = Account.objects.filter(test.q(Reader(1, (1,), timezone.now())))
    assert "customers_account_region_id" in found.explain()
    with django_assert_num_queries(1):
        assert len(found) == 2
