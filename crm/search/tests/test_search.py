"""One box for everything: Chinese, pinyin, initials, phone tails, e-mail domains; within rights; nothing stale."""

import pytest
from django.db import transaction

from crm.access.models import RecordShare, Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.search import services
from crm.search.models import SearchRow
from crm.search.services import search
from customers.factories import make_account, make_contact

pytestmark = pytest.mark.django_db
ACCOUNT, CONTACT = "customers.account", "customers.contact"


@pytest.fixture
def reader(rep, grant):
    grant(rep, ACCOUNT, view=Scope.ALL)
    grant(rep, CONTACT, view=Scope.ALL)
    return rep


def names(user, query, **options):
    return [str(hit.record) for hit in search(user, query, **options)]


@pytest.mark.parametrize(
    "query",
    [
        "北辰重工集团有限公司",
        "北",
        "辰",
        "重工",
        "集团有",
        "北辰 集团",
        "beichen",
        "BeiChen",
        "bczg",
        "zg",
        "北辰重",
        "北辰重工",
        "北辰重工集團",
        "ｂｅｉｃｈｅｎ",
        "chenzhong",
        "bc 集团",
    ],
)
def test_a_company_is_found_by_any_part(reader, query):
    make_account(name="北辰重工集团有限公司")
    make_account(name="青岛海润水务股份")
    assert names(reader, query) == ["北辰重工集团有限公司"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("曾国华", "zengguohua"),
        ("曾国华", "zgh"),
        ("单小芳", "shanxiaofang"),
        ("单小芳", "sxf"),
        ("仇英", "qiuying"),
        ("解放", "xie"),
        ("欧阳锋", "oyf"),
        ("吴李", "wu"),
    ],
)
def test_a_person_is_found_by_the_right_reading(reader, name, query):
    make_contact(name=name)
    assert names(reader, query) == [name]


@pytest.mark.parametrize(
    "query", ["8613912345678", "13912345678", "5678", "345678", "139 1234 5678", "139-1234-5678", "+86 139 1234 5678"]
)
def test_a_phone_is_found_by_its_tail_and_any_spelling(reader, query):
    make_contact(name="刘建国", mobile="139 1234 5678")
    make_contact(name="孙倩", mobile="13800000000")
    assert names(reader, query) == ["刘建国"]


def test_an_email_is_found_by_its_domain(reader):
    make_contact(name="刘建国", email="liu@beichen.cn")
    make_contact(name="孙倩", email="sun@hairun.com")
    assert names(reader, "beichen.cn") == ["刘建国"]


def test_several_entities_answer_and_the_nearest_comes_first(reader):
    make_account(name="上海星辰科技")
    make_contact(name="星辰")
    assert names(reader, "星辰") == ["星辰", "上海星辰科技"]
    assert names(reader, "星辰", labels=[ACCOUNT]) == ["上海星辰科技"]


@pytest.mark.parametrize("query", ["", "   ", "%", "_", "\\", "'", "不存在", "%辰", "x" * 5000, "，。", "\x00北"])
def test_odd_queries_find_nothing_and_break_nothing(reader, query):
    make_account(name="北辰重工")
    assert names(reader, query) in ([], ["北辰重工"]) if "北" in query else names(reader, query) == []


def test_only_records_within_reach_are_found(rep, other, grant):
    make_account(name="北辰重工", owner=other)
    make_account(name="北辰水务", owner=rep)
    shared = make_account(name="北辰物流", owner=other)
    assert names(rep, "北辰") == []
    grant(rep, ACCOUNT, view=Scope.OWN)
    assert names(rep, "北辰") == ["北辰水务"]
    RecordShare.objects.create(entity=ACCOUNT, record_id=shared.pk, user=rep)
    rep.__dict__.pop("_access")
    assert sorted(names(rep, "北辰")) == ["北辰水务", "北辰物流"]


@pytest.mark.parametrize("mode", ["hidden", "masked"])
def test_a_guarded_field_is_not_searched(reader, field_rule, mode):
    make_contact(name="刘建国", mobile="13912345678")
    field_rule(reader, CONTACT, "mobile", mode)
    assert names(reader, "5678") == []
    assert list(services.matching_ids(reader, CONTACT, "5678")) == []
    assert names(reader, "刘建") == ["刘建国"]


def test_the_row_follows_the_record(reader, rep):
    account = make_account(name="北辰重工", owner=rep)
    account.name = "南星重工"
    records.save(account, actor=Actor(rep))
    assert (names(reader, "北辰"), names(reader, "南星")) == ([], ["南星重工"])
    records.delete(account, actor=Actor(rep))
    assert not SearchRow.objects.exists()
    account.refresh_from_db()
    records.restore(account, actor=Actor(rep))
    assert names(reader, "nanxing") == ["南星重工"]


def test_a_write_that_fails_leaves_no_row(reader, rep):
    with pytest.raises(ZeroDivisionError):
        records_in_a_transaction_that_fails(rep)
    assert names(reader, "北辰") == []


def records_in_a_transaction_that_fails(owner):
    with transaction.atomic():
        make_account(name="北辰重工", owner=owner)
        assert SearchRow.objects.exists()
        raise ZeroDivisionError


@pytest.mark.parametrize("walk", [1, 3000])
def test_walk_and_index_agree_on_every_substring(reader, monkeypatch, walk):
    """Exact recall: whatever stands in a name is found, whichever way the rows are reached."""
    monkeypatch.setattr(services, "WALK", walk)
    made = [make_account(name=name) for name in ["北辰重工", "重工北辰", "辰北工重", "工重辰北物流", "Acme 北方 3号"]]
    for query in {
        name[i:j] for name in (a.name for a in made) for i in range(len(name)) for j in range(i + 1, len(name) + 1)
    }:
        words = query.split()
        expected = {a.name for a in made if all(word.lower() in a.name.lower() for word in words)} if words else set()
        assert expected <= set(names(reader, query)), query
        listed = services.matching_ids(reader, ACCOUNT, query)
        assert expected <= set(type(made[0]).objects.filter(pk__in=listed).values_list("name", flat=True)), query
