"""Tags in files: a column of their names comes in and goes out; who may makes new ones by the way."""

from __future__ import annotations

import csv
import io

import pytest

from crm.access.models import Scope
from crm.customfields import definitions
from crm.entities.tagging import make_tags
from crm.exchange.tests.test_import import bring  # noqa: F401
from crm.records.actor import Actor
from crm.reference.tags import Tag
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
FILE = "名称,标签\n甲公司,VIP；重点\n乙公司,重点\n丙公司,\n"
TOLD = "Tags: “重点” is none of the choices."


@pytest.fixture(autouse=True)
def forgotten():
    yield
    definitions.assume_none()


@pytest.fixture
def vip(boss):
    return make_tags(["VIP"], actor=Actor(boss, "test"))[0]


def held() -> dict[str, list[str]]:
    names = {tag.value: tag.name for tag in Tag.objects.all()}
    return {a.name: [names[value] for value in a.custom.get("tags", [])] for a in Account.objects.all()}


def test_a_file_brings_tags_and_new_ones_are_shown_before(client, boss, vip, bring):  # noqa: F811
    person = bring(boss)
    run = person.upload(LABEL, FILE)
    assert {column["to"] for column in run.mapping} == {"field:name", "field:custom.tags"}
    person.post("columns", run)
    assert person.look(run)["created"] == 3
    assert run.preview["made"] == {"custom.tags": {"count": 1, "names": ["重点"]}} and Tag.objects.count() == 1
    assert person.begin(run).created == 3
    assert held() == {"甲公司": ["VIP", "重点"], "乙公司": ["重点"], "丙公司": []}
    response = client.post("/customers/accounts/export/?cols=name,custom.tags&sort=name", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert sorted(rows[1:]) == sorted([["甲公司", "VIP, 重点"], ["乙公司", "重点"], ["丙公司", ""]])


def test_without_the_right_unknown_tags_are_refused(rep, grant, vip, bring):  # noqa: F811
    rights = dict.fromkeys(("view", "add", "change", "import"), Scope.OWN)
    grant(rep, LABEL, **rights)
    run, job = bring(rep).whole(LABEL, FILE)
    assert (job.created, job.failed) == (1, 2) and run.preview["reasons"] == [[TOLD, 2]]
    assert held() == {"丙公司": []} and Tag.objects.count() == 1
