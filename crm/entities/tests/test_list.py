"""The list: rows within rights, conditions that never widen, keyset pages, views, cells, many at once."""

import json
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import Scope
from crm.entities.models import SavedView
from crm.records.models import ChangeSet, Entry
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"


@pytest.fixture
def reader(client, rep, grant):
    grant(rep, LABEL, **dict.fromkeys(["view", "add", "change", "delete", "assign"], Scope.ALL))
    client.force_login(rep)
    return rep


def shown(client, query="", headers=None):
    response = client.get(URL + query, headers=headers or {})
    assert response.status_code == 200, response.content.decode()[:2000]
    return [str(r) for r in response.context["page"].records]


def where(*tests, joiner="all"):
    return "?where=" + quote(json.dumps({joiner: list(tests)}))


def test_scope_decides_rows(client, rep, other, grant):
    make_account(name="Mine", owner=rep)
    make_account(name="Theirs", owner=other)
    client.force_login(rep)
    assert client.get(URL).status_code == 403
    grant(rep, LABEL, view=Scope.OWN)
    assert shown(client) == ["Mine"]
    assert b"Theirs" not in client.get(URL).content


def test_conditions_of_the_address(client, reader):
    make_account(name="甲", level="vip", employees=10)
    make_account(name="乙", level="a", employees=500)
    make_account(name="丙", level="", employees=None)
    assert shown(client, "?level=vip&level=a") == ["乙", "甲"]
    assert shown(client, "?level__empty=1") == ["丙"]
    assert shown(client, "?name__contains=甲") == ["甲"]
    assert shown(client, "?owner__me=1") == []
    assert shown(
        client,
        where(
            {"field": "level", "op": "in", "value": ["vip"]},
            {"field": "name", "op": "contains", "value": "乙"},
            joiner="any",
        ),
    ) == ["乙", "甲"]


@pytest.mark.parametrize(
    "query",
    [
        "?nonsense=1",
        "?level=emperor",
        "?created_at__on=yesterday",
        "?where=notjson",
        "?where=" + quote('{"all": [{"field": "password", "op": "is", "value": "x"}]}'),
        "?where=" + quote('{"all": [{"field": "owner__password", "op": "starts", "value": "x"}]}'),
        "?where=" + quote(json.dumps({"all": [{"all": [{"all": [{"all": [{"all": [{"all": [{"all": []}]}]}]}]}]}]})),
        "?sort=extras",
        "?level=a%00",
        "?created_at__between=2020-01-01",
        "?created_at__last_days=99999999999999999999",
    ],
)
def test_what_is_not_understood_shows_nothing_and_says_so(client, reader, query):
    make_account(name="甲")
    response = client.get(URL + query)
    assert response.status_code == 422
    assert "甲" not in response.content.decode()
    assert response.context["query"].problems


def test_a_hidden_field_can_not_be_shown_filtered_sorted_or_searched(client, reader, field_rule):
    make_account(name="甲", phone="021-55550000", level="vip")
    field_rule(reader, LABEL, "level", "hidden")
    field_rule(reader, LABEL, "phone", "masked")
    assert client.get(URL + "?level=vip").status_code == 422
    assert client.get(URL + "?phone__contains=5555").status_code == 422
    page = client.get(URL + "?cols=name,level,phone").content.decode()
    assert "VIP" not in page.split("<thead>")[1].split("</table>")[0]
    assert "55550000" not in page
    assert shown(client, "?q=55550000") == []


def test_a_view_that_names_a_hidden_field_is_shown_as_broken(client, reader, field_rule):
    make_account(name="甲", level="vip")
    field_rule(reader, LABEL, "level", "hidden")
    response = client.get(URL + "?view=vip")
    assert response.status_code == 422
    assert "甲" not in response.content.decode()


def test_pages_follow_each_other_without_gap_or_repeat(client, reader):
    for i in range(120):
        make_account(name=f"客户{i % 7}")
    for sort in ["name", "-name", "created_at", "-last_activity_at"]:
        seen, url = [], f"?sort={sort}"
        while url:
            response = client.get(URL + url)
            seen += [r.pk for r in response.context["page"].records]
            url = response.context["next_url"]
        assert len(seen) == len(set(seen)) == 120
        back = client.get(URL + response.context["previous_url"])
        assert [r.pk for r in back.context["page"].records] == seen[50:100]


@pytest.mark.parametrize("cursor", ["x", "WyJuYW1lIiwxXQ:1:abc", "%00", "a" * 5000])
def test_a_cursor_that_is_not_ours_starts_anew(client, reader, cursor):
    assert client.get(URL + f"?after={cursor}").status_code == 302


def test_twenty_rows_cost_what_two_cost(client, reader):
    def queries():
        with CaptureQueriesContext(connection) as found:
            shown(client)
        return len(found)

    for _row in range(2):
        make_account()
    shown(client)
    few = queries()
    for _row in range(18):
        make_account()
    assert queries() == few
    assert few <= 12


def test_counts_and_sums_come_in_a_second_request(client, reader):
    make_account(name="甲")
    make_account(name="乙")
    assert "2 rows" in client.get(URL + "counts/").content.decode()
    assert "1 row" in client.get(URL + "counts/?name__contains=甲").content.decode()


def test_a_view_is_saved_shared_and_read_through_the_readers_rights(client, reader, other, grant):
    make_account(name="甲", level="vip", owner=reader)
    assert (
        client.post(
            URL + "views/new/", {"name": "要客", "query": "level=vip&sort=name", "audience": "all", "pinned": "1"}
        ).status_code
        == 302
    )
    view = SavedView.objects.get()
    assert (view.where, view.sort, view.audience) == (
        {"all": [{"field": "level", "op": "in", "value": "vip"}]},
        "name",
        "all",
    )
    assert shown(client, f"?view={view.pk}") == ["甲"]
    grant(other, LABEL, view=Scope.OWN)
    client.force_login(other)
    assert shown(client, f"?view={view.pk}") == []
    assert client.post(URL + f"views/{view.pk}/", {"delete": "1"}).status_code == 404
    client.force_login(reader)
    client.post(URL + f"views/{view.pk}/", {"delete": "1"})
    assert not SavedView.objects.exists()
    assert client.get(URL + f"?view={view.pk}").status_code == 404


def test_columns_are_chosen_and_kept(client, reader, field_rule):
    make_account(name="甲")
    client.post(URL + "columns/", {"columns": ["name", "tax_id", "password", "extras"], "query": ""})
    assert [c.name for c in client.get(URL).context["query"].columns] == ["name", "tax_id"]
    field_rule(reader, LABEL, "tax_id", "hidden")
    assert [c.name for c in client.get(URL).context["query"].columns] == ["name"]


def test_a_value_is_edited_where_it_stands(client, reader):
    account = make_account(name="甲", level="a", owner=reader)
    url = f"{URL}{account.pk}/cell/level/"
    form = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'name="level"' in form
    assert client.post(url, {"level": "vip", "version": "1"}).status_code == 200
    account.refresh_from_db()
    assert (account.level, account.version) == ("vip", 2)
    assert client.post(url, {"level": "b", "version": "1"}).status_code == 409
    assert client.post(url, {"level": "king", "version": "2"}).status_code == 422
    account.refresh_from_db()
    assert account.level == "vip"


def test_a_read_only_value_is_not_edited_where_it_stands(client, reader, field_rule):
    account = make_account(level="a", owner=reader)
    field_rule(reader, LABEL, "level", "read")
    assert client.post(f"{URL}{account.pk}/cell/level/", {"level": "vip", "version": "1"}).status_code == 403
    account.refresh_from_db()
    assert account.level == "a"


def levels():
    return list(Account.objects.order_by("pk").values_list("level", flat=True))


def test_many_are_edited_at_once_and_put_back(client, reader):
    accounts = [make_account(level="c", owner=reader) for _i in range(3)]
    data = {"apply": "1", "selected": [a.pk for a in accounts[:2]], "change_level": "on", "level": "vip"}
    assert client.post(URL + "bulk/edit/", data).status_code == 302
    assert levels() == ["vip", "vip", "c"]
    changes = ChangeSet.objects.get(kind="bulk_edit")
    assert Entry.objects.filter(change_set=changes).count() == 2
    client.post(f"/undo/set/{changes.pk}/")
    assert levels() == ["c", "c", "c"]


def test_all_matching_rows_beyond_the_page_are_reached(client, reader):
    for i in range(60):
        make_account(name=f"甲{i}", level="c")
    make_account(name="乙", level="c")
    data = {"apply": "1", "all": "1", "query": "name__contains=甲", "change_level": "on", "level": "b"}
    assert client.post(URL + "bulk/edit/", data).status_code == 302
    assert Account.objects.filter(level="b").count() == 60
    assert Account.objects.get(name="乙").level == "c"


def test_rows_that_may_not_be_changed_are_left_alone(client, rep, other, grant):
    grant(rep, LABEL, view=Scope.ALL, change=Scope.OWN)
    mine, theirs = make_account(level="c", owner=rep), make_account(level="c", owner=other)
    client.force_login(rep)
    data = {"apply": "1", "selected": [mine.pk, theirs.pk], "change_level": "on", "level": "vip"}
    asked = client.post(URL + "bulk/edit/", {"selected": [mine.pk, theirs.pk]})
    assert (asked.context["reached"], asked.context["left_out"]) == (1, 1)
    client.post(URL + "bulk/edit/", data)
    assert [Account.objects.get(pk=a.pk).level for a in (mine, theirs)] == ["vip", "c"]


def test_a_query_that_is_not_understood_reaches_nothing(client, reader):
    make_account(level="c")
    data = {"apply": "1", "all": "1", "query": "nonsense=1", "change_level": "on", "level": "vip"}
    client.post(URL + "bulk/edit/", data)
    assert Account.objects.get().level == "c"


def test_assigning_needs_reach_to_the_new_owner(client, rep, other, grant, team):
    grant(rep, LABEL, view=Scope.ALL, change=Scope.ALL, assign=Scope.TEAM)
    account = make_account(owner=rep)
    client.force_login(rep)
    data = {"apply": "1", "selected": [account.pk], "owner": other.pk}
    assert client.post(URL + "bulk/assign/", data).status_code == 422
    team("North", rep, other)
    assert client.post(URL + "bulk/assign/", data).status_code == 302
    account.refresh_from_db()
    assert account.owner == other


def test_many_go_to_the_trash_and_come_back(client, reader):
    accounts = [make_account() for _i in range(3)]
    client.post(URL + "bulk/delete/", {"apply": "1", "selected": [a.pk for a in accounts]})
    assert shown(client) == []
    trash = client.get(URL + "trash/")
    assert len(trash.context["page"]) == 3
    client.post(f"{URL}{accounts[0].pk}/restore/")
    assert shown(client) == [str(accounts[0])]


def test_suggestions_stay_within_rights(client, rep, other, grant):
    make_account(name="北辰重工", owner=rep)
    make_account(name="北辰水务", owner=other)
    grant(rep, LABEL, view=Scope.OWN)
    client.force_login(rep)
    for text in ["北辰", "beichen", "bczg", ""]:
        assert [r["text"] for r in client.get(URL + "choices/", {"q": text}).json()["results"]] == ["北辰重工"], text


def test_the_chip_of_a_record_out_of_reach_does_not_name_it(client, rep, other, grant):
    secret = make_account(name="秘密客户", owner=other)
    grant(rep, LABEL, view=Scope.OWN)
    grant(rep, "customers.contact", view=Scope.OWN)
    client.force_login(rep)
    page = client.get(f"/customers/contacts/?account={secret.pk}")
    assert page.status_code == 200
    assert "秘密客户" not in page.content.decode()


def test_what_a_cell_shows_of_a_linked_record_is_loaded_with_the_page(client, rep, grant):
    for label in ("sales.opportunity", LABEL):
        grant(rep, label, view=Scope.ALL)
    client.force_login(rep)
    links = "account,account__region,account__industry,stage,owner,department,loss_reason"

    def queries(columns):
        with CaptureQueriesContext(connection) as found:
            html = client.get(f"/sales/opportunities/?cols={columns}").content.decode()
        return len(found), html

    for _row in range(3):
        make_opportunity(account=make_account(name="远山水务"))
    queries("name")
    cost, html = queries(f"name,{links}")
    assert "远山水务" in html and "需求分析" in html
    assert cost == queries("name")[0] <= 12


def test_rows_are_offered_for_change_as_far_as_rights_reach(client, rep, other, grant):
    mine, theirs = make_account(owner=rep), make_account(owner=other)
    client.force_login(rep)
    for view, change, expected in (
        (Scope.OWN, Scope.OWN, {mine}),
        (Scope.ALL, Scope.OWN, {mine}),
        (Scope.ALL, Scope.ALL, {mine, theirs}),
    ):
        grant(rep, LABEL, view=view, change=change)
        html = client.get(URL).content.decode()
        assert {a for a in (mine, theirs) if f'data-cells="{URL}{a.pk}/cell/"' in html} == expected
