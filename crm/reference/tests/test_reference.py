"""Regions and industries are there from the start, sorted and found; numbers have no gaps."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from crm.reference.loading import load_industries, load_regions
from crm.reference.models import ExchangeRate, Industry, NumberSequence, Region
from crm.reference.numbers import next_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    load_regions(Region)
    load_industries(Industry)


def test_every_province_lies_in_an_area_of_china(tree):
    provinces = Region.objects.filter(kind="province").select_related("parent__parent")
    assert len(provinces) == 34
    assert {p.parent.kind for p in provinces} == {"area"}
    assert {p.parent.parent.name for p in provinces} == {"中国"}


def test_cities_are_found_under_their_area(tree):
    east = Region.objects.get(name="华东")
    assert {"苏州市", "杭州市", "上海市"} <= set(Region.objects.under(east).values_list("name", flat=True))
    assert not Region.objects.under(east).filter(name="广州市").exists()


def test_an_alias_names_one_region_only(tree):
    for model in (Region, Industry):
        names = [word.lower() for node in model.objects.all() for word in {node.name, *node.aliases}]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice


@pytest.mark.parametrize(
    ("alias", "name"),
    [("Medical", "卫生和社会工作"), ("technolgy", "信息传输、软件和信息技术服务业"), ("retail", "零售业")],
)
def test_english_names_of_industries_are_known(tree, alias, name):
    found = [i.name for i in Industry.objects.all() if alias.lower() in {a.lower() for a in i.aliases}]
    assert found == [name]


def test_loading_again_adds_nothing_and_keeps_what_admins_changed(tree):
    Region.objects.filter(code="310000").update(name="魔都")
    assert load_regions(Region) == 0
    assert Region.objects.get(code="310000").name == "魔都"


def test_nodes_sort_by_pinyin_and_follow_their_parent(tree):
    node = Region.objects.create(name="浦东新区", parent=Region.objects.get(code="310000"))
    node.refresh_from_db()
    assert node.name_key == "pudongxinqu"
    assert node.path.startswith(Region.objects.get(code="310000").path)
    shanghai = Region.objects.get(code="310000")
    shanghai.parent = Region.objects.get(name="华南")
    shanghai.save()
    assert node in Region.objects.under(Region.objects.get(name="华南"))


def test_a_node_cannot_lie_below_itself(tree):
    china, east = Region.objects.get(code="CN"), Region.objects.get(name="华东")
    with pytest.raises(IntegrityError), transaction.atomic():
        Region.objects.filter(pk=china.pk).update(parent=east)


@pytest.fixture
def contract():
    return NumberSequence.objects.create(code="contract", name="合同", prefix="HT", digits=4)


def test_numbers_count_within_their_period(contract):
    assert next_number("contract", on=date(2026, 12, 30)) == "HT20260001"
    assert next_number("contract", on=date(2026, 12, 31)) == "HT20260002"
    assert next_number("contract", on=date(2027, 1, 1)) == "HT20270001"


def test_a_rollback_gives_the_number_back(contract):
    with pytest.raises(RuntimeError), transaction.atomic():
        next_number("contract", on=date(2026, 1, 1))
        raise RuntimeError
    assert next_number("contract", on=date(2026, 1, 1)) == "HT20260001"


@pytest.mark.django_db(transaction=True)
def test_a_number_is_only_given_inside_a_transaction():
    NumberSequence.objects.create(code="contract", name="合同")
    with pytest.raises(transaction.TransactionManagementError):
        next_number("contract")


def test_the_last_rate_up_to_the_day_counts():
    ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 1), rate=Decimal("7.1"))
    ExchangeRate.objects.create(currency="USD", day=date(2026, 6, 1), rate=Decimal("7.2"))
    assert ExchangeRate.objects.rate_of("USD", date(2026, 5, 31)) == Decimal("7.1")
    assert ExchangeRate.objects.rate_of("USD", date(2025, 12, 31)) is None
    assert ExchangeRate.objects.rate_of("CNY", date(2025, 12, 31)) == 1
