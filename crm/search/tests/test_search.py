"""One box for everything: Chinese, pinyin, initials, phone tails, e-mail domains; within rights; nothing stale."""

from math import inf
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from crm.access.models import Grant, RecordShare, Scope
from crm.activities.talking import add_comment
from crm.records import services as records
from crm.records.actor import Actor
from crm.search import sample as module
from crm.search import services
from crm.search.grams import terms
from crm.search.index import rebuild_after_migration
from crm.search.models import SearchRow
from crm.search.reach import Reach, reaches
from crm.search.sample import Share
from crm.search.services import search
from customers.factories import make_account, make_contact
from customers.models import Account

pytestmark = pytest.mark.django_db
ACCOUNT, CONTACT, COMMENT = "customers.account", "customers.contact", "activities.comment"


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


def test_the_rows_of_many_follow_their_owner_and_their_text(rep, other, grant):
    grant(rep, ACCOUNT, view=Scope.OWN)
    made = [make_account(name=f"北辰{n}", owner=other) for n in range(60)]
    grams = dict(SearchRow.objects.values_list("record_id", "grams"))
    for n, account in enumerate(made):
        account.owner = rep
        account.name = f"南星{n}" if n % 2 else account.name
    records.save_many(made, actor=Actor(rep))
    assert sorted(names(rep, "北辰", limit=60)) == sorted(a.name for a in made[::2])
    assert sorted(names(rep, "nanxing", limit=60)) == sorted(a.name for a in made[1::2])
    found = {row.record_id: row for row in SearchRow.objects.all()}
    assert {(row.owner_id, row.department_id) for row in found.values()} == {(rep.pk, rep.department_id)}
    assert all(found[a.pk].at == a.updated_at for a in made)
    assert all(sorted(found[a.pk].grams) == sorted(grams[a.pk]) for a in made[::2])


def test_a_write_that_fails_leaves_no_row(reader, rep):
    with pytest.raises(ZeroDivisionError):
        records_in_a_transaction_that_fails(rep)
    assert names(reader, "北辰") == []


def records_in_a_transaction_that_fails(owner):
    with transaction.atomic():
        make_account(name="北辰重工", owner=owner)
        assert SearchRow.objects.exists()
        raise ZeroDivisionError


NAMES = ["北辰重工", "重工北辰", "辰北工重", "工重辰北物流", "Acme 北方 3号", "仇家湾公司"]


def parts(text):
    return {text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)}


def expected(made, query):
    words = query.lower().split()
    return {a.name for a in made if words and all(word in a.name.lower() for word in words)}


def test_every_part_of_every_name_is_found(reader):
    """Exact recall: in the search box as in a list."""
    made = [make_account(name=name) for name in NAMES]
    for query in {part for name in NAMES for part in parts(name)}:
        wanted = expected(made, query)
        assert wanted <= set(names(reader, query)), query
        listed = services.matching_ids(reader, ACCOUNT, query)
        assert wanted <= set(Account.objects.filter(pk__in=listed).values_list("name", flat=True)), query


def test_every_part_of_a_reading_is_found(reader):
    """Three letters or more anywhere in the pinyin, two in the initials."""
    made = make_account(name="北辰重工 x2 集团")
    for part in parts("beichenzhonggongx2jituan") | parts("bczgx2jt"):
        if len(part) > 2 or part in "bczgx2jt":
            assert names(reader, part) == [made.name], part
    for part in ("beichenh", "gongx3", "cza", "ituana"):
        assert names(reader, part) == []


@pytest.mark.parametrize(("scope", "seen"), [(Scope.OWN, 1), (Scope.TEAM, 2), (Scope.DEPARTMENT, 3), (Scope.ALL, 4)])
def test_walking_the_newest_finds_what_the_index_finds(
    rep, other, make_user, team, department, grant, monkeypatch, scope, seen
):
    """As if the index were large and every word frequent: each scope walks its own rows, each of them once."""
    mate, neighbour = make_user("mate", department=department), make_user("neighbour", department=department)
    rep.department = department
    rep.save()
    team("North", rep, mate)
    grant(rep, ACCOUNT, view=scope)
    made = [make_account(name=f"北辰重工{n}", owner=owner) for n, owner in enumerate([rep, mate, neighbour, other])]
    looked_up = {
        query: names(rep, query) for query in parts("北辰重工") | {"beichen", "bczg", "chen", "zho", "b", "bc"}
    }
    reached = 1e6 if scope == Scope.ALL else 1e4
    monkeypatch.setattr(services.sample, "share", lambda words, reach: Share(1e6, 1e6, reached, reached, 1.0))
    monkeypatch.setattr(services, "CANDIDATES", 1)
    monkeypatch.setattr(services, "_look_up", None)
    for query, found in looked_up.items():
        assert (
            sorted(names(rep, query, limit=seen, labels=[ACCOUNT])) == sorted(found) == [a.name for a in made[:seen]]
        ), query


def test_a_walk_that_finds_too_few_gives_up(reader, monkeypatch):
    make_account(name="北辰重工")
    monkeypatch.setattr(services.sample, "share", lambda words, reach: Share(1e6, 1e6, 1e6, 1e6, 1.0))
    assert names(reader, "北辰") == ["北辰重工"]


def test_the_sample_tells_rare_from_frequent(reader, monkeypatch):
    for n in range(40):
        make_account(name=f"{'星辰' if n < 10 else '北海'}{n}号")
    with connection.cursor() as cursor:
        cursor.execute("analyze search_searchrow")
    monkeypatch.setattr(module, "SMALL", 10)
    reach, judged, _joined = reaches(reader)
    assert {label for each in reach for label in each.labels} >= {ACCOUNT, CONTACT}
    assert COMMENT in judged
    drawn = module.Sample()
    assert (drawn.share(terms("星辰"), reach).both, drawn.share(terms("不在"), reach).both) == (10, 0)
    assert drawn.share(terms("北海"), [Reach((ACCOUNT,), owners=(0,))]).both == 0
    assert [drawn.share(terms(word), reach).newest for word in ("星辰", "北海")] == [0.25, 0.75]
    # Thirty newer ones stand before the first: half of the way there.
    assert [drawn.share(terms(word), reach).depth for word in ("星辰", "不在")] == [15, inf]
    newest_first = list(SearchRow.objects.order_by("-at").values_list("at", flat=True))
    assert (drawn.since(10), drawn.since(0), drawn.since(40)) == (newest_first[10], None, None)
    assert drawn.share(terms("星 海"), reach).both == 0


def test_the_way_to_walk_is_told_by_the_newest_rows():
    everything = [Reach((ACCOUNT,), everything=True)]

    def way(matching, newest):
        return services._way(everything, Share(1e6, matching, 1e6, matching, newest), 36)

    assert way(1e4, 0.1).steps >= 360  # frequent among the newest
    assert way(5e3, 0.0) is None  # frequent enough, but long ago
    assert way(4e5, 0.0).steps >= 4000  # so frequent that the inverted index would fetch nearly everything


def test_of_thousands_the_latest_are_found_first_and_all_where_they_are_too_few(reader, monkeypatch):
    """Four match, three of them lately: two or three wanted are the latest, four wanted are all, the nearest first."""
    made = [make_account(name=name) for name in ("辰光", "北辰一", "北辰二", "北辰三")]
    monkeypatch.setattr(services.sample, "share", lambda words, reach: Share(1e6, 5e3, 1e6, 5e3, 0.0, 100.0))
    monkeypatch.setattr(services.sample, "since", lambda rows: made[1].updated_at)
    monkeypatch.setattr(services, "CANDIDATES", 1)
    assert names(reader, "辰", limit=2, labels=[ACCOUNT]) == ["北辰三", "北辰二"]
    assert names(reader, "辰", limit=3, labels=[ACCOUNT]) == ["北辰三", "北辰二", "北辰一"]
    assert names(reader, "辰", limit=4, labels=[ACCOUNT]) == ["辰光", "北辰三", "北辰二", "北辰一"]


def test_a_query_asks_the_index_once(reader, django_assert_num_queries):
    """One statement for what lies within reach, what has to be judged and what one takes part in; one an entity that is found."""
    make_account(name="北辰重工", owner=reader)
    make_contact(name="北辰", owner=reader)
    names(reader, "北辰")
    with django_assert_num_queries(3):
        assert names(reader, "北辰") == ["北辰", "北辰重工"]
    with django_assert_num_queries(1):
        assert names(reader, "南海") == []


@pytest.mark.parametrize("query", ["仇家湾", "qiujiawan", "choujiawan", "qjw", "cjw"])
def test_a_company_that_begins_with_a_surname_is_found_by_both_readings(reader, query):
    make_account(name="仇家湾有限公司")
    assert names(reader, query) == ["仇家湾有限公司"]


def test_words_of_guarded_fields_do_not_join_those_of_free_ones(reader, field_rule):
    make_contact(name="刘建国", email="liu@beichen.cn", mobile="13912345678")
    field_rule(reader, CONTACT, "mobile", "hidden")
    assert names(reader, "刘建 beichen") == ["刘建国"]
    assert names(reader, "刘建 5678") == names(reader, "mobile") == []


def test_the_index_is_filled_again_after_the_migration_that_empties_it(reader):
    make_account(name="北辰重工")
    make_contact(name="刘建国")
    SearchRow.objects.all().delete()
    rebuild_after_migration(plan=[(SimpleNamespace(app_label="search", name="0001_initial"), False)])
    assert names(reader, "北辰") == []
    rebuild_after_migration(plan=[(SimpleNamespace(app_label="search", name="0002_grams_as_numbers"), False)])
    assert names(reader, "北辰") == ["北辰重工"]
    assert names(reader, "liujian") == ["刘建国"]


def test_what_others_may_see_does_not_hide_what_one_may(rep, other, grant):
    """Comments go by the record they hang on: many newer ones on records out of reach leave room for the one within."""
    grant(rep, ACCOUNT, view=Scope.OWN)
    mine, theirs = make_account(name="南海", owner=rep), make_account(name="东海", owner=other)
    add_comment(mine, "预算批了", actor=Actor(other))
    for n in range(20):
        add_comment(theirs, f"预算没批 {n}", actor=Actor(other))
    assert names(rep, "预算", limit=1) == ["预算批了"]
    assert len(names(rep, "预算")) == 1
    assert names(rep, "没批") == []


def test_a_grant_with_a_condition_finds_what_fulfils_it(rep, other, grant):
    role = grant(rep, ACCOUNT, view=Scope.OWN)
    cell = Grant.objects.get(role=role, entity=ACCOUNT, action="view")
    cell.condition = {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}
    cell.save()
    rep.__dict__.pop("_access", None)
    for n in range(9):
        make_account(name=f"北辰{n}", owner=other)
    make_account(name="北辰甲", owner=other, level="vip")
    make_account(name="北辰乙", owner=rep)
    assert sorted(names(rep, "北辰", limit=2)) == ["北辰乙", "北辰甲"]
