"""Regions and industries are there from the start, sorted and found; numbers have no gaps."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from crm.reference.loading import load_industries, load_regions
from crm.reference.models import ExchangeRate, Industry, NumberSequence, Region
from crm.reference.numbers import fill_numbers, next_number, plain_numbers
from customers.factories import make_account
from customers.models import Account

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


@pytest.fixture
def ticket():
    return NumberSequence.objects.create(
        code="ticket", name="工单", prefix="T", period="%Y%m", digits=3, gap_free=False, last=7
    )


def test_plain_numbers_count_on_through_the_months(ticket):
    assert plain_numbers("ticket", on=date(2026, 12, 31)) == ["T202612008"]
    assert plain_numbers("ticket", 2, on=date(2027, 1, 1)) == ["T202701009", "T202701010"]


def test_plain_numbers_leave_a_gap_instead_of_waiting(ticket):
    with pytest.raises(RuntimeError), transaction.atomic():
        plain_numbers("ticket", on=date(2026, 1, 1))
        raise RuntimeError
    assert plain_numbers("ticket", on=date(2026, 1, 1)) == ["T202601009"]


def test_each_sequence_gives_its_own_kind_of_number_only(ticket, contract):
    with pytest.raises(NumberSequence.DoesNotExist):
        next_number("ticket")
    for code in ("contract", "nothing"):
        with pytest.raises(NumberSequence.DoesNotExist):
            plain_numbers(code)


def test_two_kinds_count_apart_and_go_with_their_row(ticket):
    other = NumberSequence.objects.create(code="task", name="x", period="", gap_free=False)
    assert (plain_numbers("task"), plain_numbers("ticket", on=date(2026, 1, 1))) == (["00001"], ["T202601008"])
    other.delete()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_sequences where sequencename = %s", [f"reference_number_{other.pk}"])
        assert cursor.fetchone() == (0,)


def test_a_sequence_may_give_up_being_without_gaps(contract):
    next_number("contract", on=date(2026, 1, 1))
    contract.refresh_from_db()
    contract.gap_free = False
    contract.save()
    assert plain_numbers("contract", on=date(2026, 1, 1)) == ["HT20260002"]


def test_new_records_are_numbered_in_one_statement(ticket, rep, django_assert_num_queries):
    kept, fresh, second = Account(name="a", tax_id="X"), Account(name="b"), Account(name="c")
    old = make_account(owner=rep)
    with django_assert_num_queries(1):
        fill_numbers([kept, fresh, second, old], "tax_id", "ticket")
    assert [kept.tax_id, old.tax_id] == ["X", ""]
    assert [record.tax_id[-3:] for record in (fresh, second)] == ["008", "009"]
    with django_assert_num_queries(0):
        fill_numbers([kept], "tax_id", "ticket")


def test_an_administrator_sets_up_a_sequence(client, boss):
    client.force_login(boss)
    given = {"code": "visit", "name": "拜访", "prefix": "V", "period": "%Y", "digits": 4}
    assert client.post("/admin/reference/numbersequence/add/", given).status_code == 302
    assert plain_numbers("visit", on=date(2026, 5, 1)) == ["V20260001"]


def test_the_last_rate_up_to_the_day_counts():
    ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 1), rate=Decimal("7.1"))
    ExchangeRate.objects.create(currency="USD", day=date(2026, 6, 1), rate=Decimal("7.2"))
    assert ExchangeRate.objects.rate_of("USD", date(2026, 5, 31)) == Decimal("7.1")
    assert ExchangeRate.objects.rate_of("USD", date(2025, 12, 31)) is None
    assert ExchangeRate.objects.rate_of("CNY", date(2025, 12, 31)) == 1
