"""Duplicates are found by what they share, kept current by every write, and told within rights."""

import pytest

from crm.access.models import Scope
from crm.matching import keys
from crm.matching.models import MatchKey
from crm.matching.services import candidates, candidates_many, matching_ids
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (keys.company_key("深圳市腾讯计算机系统有限公司"), keys.company_key("腾讯计算机系统（深圳）有限公司")),
        (keys.phone_key("138 0013 8000"), keys.phone_key("+86 138-0013-8000")),
        (keys.email_key("Li@Example.com"), keys.email_key(" li@example.COM")),
        (keys.tax_key("9131 0000 MA1K 35X1 2a"), keys.tax_key("91310000MA1K35X12A")),
        (keys.person_key("王 芳", 5), keys.person_key("王芳", 5)),
    ],
    ids=lambda key: key.kind if key else "none",
)
def test_spellings_of_one_thing_share_a_key(one, other):
    if one.kind == "company":
        assert one.value == "腾讯计算机系统"
    else:
        assert one == other


@pytest.mark.parametrize(
    "key",
    [
        keys.company_key(""),
        keys.phone_key("12"),
        keys.email_key("none"),
        keys.tax_key("—"),
        keys.person_key("王芳", None),
    ],
)
def test_what_says_nothing_is_no_key(key):
    assert key is None


def values(record):
    return set(MatchKey.objects.filter(record_id=record.pk).values_list("kind", "value"))


def test_keys_follow_their_record(rep):
    account = make_account(name="远山科技有限公司", phone="13800138000", owner=rep)
    names = {("company", "远山科技"), ("sound", "yuanshan")}
    assert values(account) == {*names, ("phone", "+8613800138000")}
    account.phone, account.tax_id = "", "91310000MA1K35X12A"
    records.save(account, actor=Actor(rep))
    assert values(account) == {*names, ("tax_id", "91310000MA1K35X12A")}
    records.delete(account, actor=Actor(rep))
    assert values(account) == set()
    records.restore(account, actor=Actor(rep))
    assert len(values(account)) == 3


def test_a_private_person_is_not_compared_by_name(rep):
    make_account(name="王芳", is_person=True, owner=rep)
    assert not candidates(Account(name="王芳", is_person=True), rep)


def test_a_record_is_no_duplicate_of_itself(boss):
    account = make_account(name="远山科技有限公司")
    assert not candidates(account, boss)


def test_the_best_reasons_come_first(boss):
    by_name = make_account(name="远山科技")
    by_number = make_account(name="别的公司", tax_id="91310000MA1K35X12A")
    found = candidates(Account(name="北京远山科技有限公司", tax_id="91310000ma1k35x12a"), boss).found
    assert [m.record for m in found] == [by_number, by_name]
    assert [key.kind for m in found for key in m.reasons] == ["tax_id", "company"]


def test_a_colleagues_record_is_only_counted(rep, other, grant):
    grant(rep, "customers.account", view=Scope.OWN)
    make_account(name="远山科技", owner=other)
    found = candidates(Account(name="远山科技有限公司"), rep)
    assert (found.found, found.hidden) == ([], 1)
    assert found


def test_people_of_one_name_match_only_within_an_account(boss):
    account = make_account()
    contact = make_contact(name="王芳", account=account)
    assert [m.record for m in candidates(Contact(name="王芳", account=account), boss).found] == [contact]
    assert not candidates(Contact(name="王芳", account=make_account()), boss)


def test_many_rows_cost_a_few_queries(boss, django_assert_max_num_queries):
    make_account(name="远山科技")
    rows = [Account(name="远山科技有限公司")] + [Account(name=f"无关{n}号公司") for n in range(50)]
    candidates_many(rows, boss)
    with django_assert_max_num_queries(4):
        found = candidates_many(rows, boss)
    assert [bool(m) for m in found] == [True] + [False] * 50


def test_imports_ask_by_kind():
    account = make_account(name="远山科技", phone="13800138000")
    rows = [Account(name="远山科技", phone="13900139000"), Account(name="别的", phone="13800138000")]
    assert matching_ids(rows, model=Account, kinds=["phone"]) == [[], [account.pk]]
    assert matching_ids(rows, model=Account) == [[account.pk], [account.pk]]
