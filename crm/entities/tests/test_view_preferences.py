"""Views shared with roles, with their own sums and board; page size, density, last look remembered for each person."""

from __future__ import annotations

import pytest

from crm.access.models import Role, Scope
from crm.entities.listviews import read_preferences
from crm.entities.models import ColumnChoice, SavedView
from customers.factories import make_account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
LIST = "/customers/accounts/"
DEALS = "/sales/opportunities/"


def keep(client, base=LIST, **data):
    return client.post(f"{base}views/new/", {"query": "employees__gte=5", "name": "Big", "pinned": "1", **data})


@pytest.fixture
def colleague(make_user, grant):
    found = make_user(username="colleague")
    grant(found, LABEL, view=Scope.OWN)
    return found


def test_a_view_is_shared_with_roles_only(sells, colleague, client_of, seller):
    role = Role.objects.get(code=f"test-{colleague.username}")
    keep(sells, audience="roles", roles=[role.pk, "x", "9" * 30])
    view = SavedView.objects.get()
    assert [r.pk for r in view.roles.all()] == [role.pk]
    labels = [tab["label"] for tab in client_of(colleague).get(LIST).context["tabs"]]
    assert "Big" in labels
    role.users.remove(colleague)
    other = Role.objects.create(name="Other", code="other")
    other.users.add(colleague)
    colleague.__dict__.pop("_access", None)
    assert not SavedView.objects.filter(pk=view.pk, roles=other).exists()


def test_nobody_else_sees_it(sells, colleague, client_of, grant):
    role = Role.objects.create(name="Others", code="others")
    keep(sells, audience="roles", roles=[role.pk])
    assert "Big" not in [tab["label"] for tab in client_of(colleague).get(LIST).context["tabs"]]


def test_sharing_with_another_audience_forgets_the_roles(sells):
    role = Role.objects.create(name="Others", code="others")
    keep(sells, audience="roles", roles=[role.pk])
    view = SavedView.objects.get()
    page = sells.get(f"{LIST}?view={view.pk}")
    assert page.context["view_roles"] == [role]
    sells.post(f"{LIST}views/{view.pk}/", {"name": "Big", "audience": "mine"})
    assert not view.roles.exists()


def test_roles_to_share_with_are_found_by_name(sells):
    Role.objects.create(name="Field staff", code="field")
    found = sells.get(f"{LIST}views/roles/?q=field").json()["results"]
    assert [row["text"] for row in found] == ["Field staff"]
    assert sells.get(f"{LIST}views/1/").status_code == 404


def test_a_view_adds_up_what_it_says(boss, client):
    from sales.factories import make_opportunity

    client.force_login(boss)
    make_opportunity(owner=boss, amount=7)
    keep(client, DEALS, query="", choose_sums="1", sums=["amount", "owner", "nonsense"])
    view = SavedView.objects.get()
    assert view.sums == ["amount"]
    shown = client.get(f"{DEALS}counts/?view={view.pk}&cols=name").context["totals"]
    assert [field.name for field, _sums in shown.sums] == ["amount"]
    client.post(f"{DEALS}views/{view.pk}/", {"name": "Big", "choose_sums": "1"})
    assert client.get(f"{DEALS}counts/?view={view.pk}").context["totals"].sums == []


def test_sums_of_hidden_fields_stay_hidden(boss, client, rep, may, rules):
    may(rep, "sales.opportunity", Scope.ALL)
    SavedView.objects.create(user=boss, entity="sales.opportunity", name="S", audience="all", sums=["amount"])
    rules("sales.opportunity", ["amount"], "hidden")
    client.force_login(rep)
    view = SavedView.objects.get()
    assert client.get(f"{DEALS}counts/?view={view.pk}").context["totals"].sums == []


def test_a_view_opens_as_its_board(boss, client):
    from sales.factories import make_opportunity

    deal = make_opportunity(owner=boss)
    client.force_login(boss)
    keep(client, DEALS, query=f"pipeline={deal.pipeline_id}", opens="board")
    view = SavedView.objects.get()
    tab = next(tab for tab in client.get(f"{DEALS}?view=").context["tabs"] if tab["label"] == "Big")
    assert tab["url"] == f"{DEALS}board/?view={view.pk}&pipeline={deal.pipeline_id}"
    assert client.get(tab["url"]).status_code == 200


def test_an_entity_without_a_board_has_no_board_views(sells):
    keep(sells, opens="board")
    assert SavedView.objects.get().opens == "list"


def test_page_size_and_density_are_remembered(sells, seller):
    for number in range(25):
        make_account(name=f"Company {number}", owner=seller)
    sells.post(f"{LIST}columns/", {"columns": ["name"], "size": "20", "dense": "1", "query": ""})
    page = sells.get(LIST)
    assert len(page.context["page"]) == 20
    assert 'class="rows dense"' in page.content.decode()
    sells.post(f"{LIST}columns/", {"columns": ["name"], "size": "999999", "query": ""})
    assert sells.get(LIST).context["query"].liked.size == 20


def test_the_last_look_opens_again_and_all_is_still_all(boss, client):
    client.force_login(boss)
    view = SavedView.objects.create(user=boss, entity="sales.opportunity", name="Mine", where={})
    client.post(f"{DEALS}preferences/", {"surface": "list", "view": str(view.pk)})
    assert client.get(DEALS).url == f"{DEALS}?view={view.pk}"
    assert client.get(f"{DEALS}?view=").status_code == 200
    client.post(f"{DEALS}preferences/", {"surface": "board", "view": "", "lanes": "1"})
    assert client.get(DEALS).url == f"{DEALS}board/?view=&pipeline=1"
    assert client.get(f"{DEALS}board/?view=&pipeline=1").status_code == 200
    view.delete()
    client.post(f"{DEALS}preferences/", {"surface": "list", "view": str(view.pk)})
    assert client.get(DEALS).status_code == 200


def test_a_board_that_became_hidden_is_no_longer_where_one_begins(rep, client, may, rules):
    may(rep, "sales.opportunity", Scope.OWN)
    client.force_login(rep)
    client.post(f"{DEALS}preferences/", {"surface": "board", "view": ""})
    assert client.get(DEALS).status_code == 302
    rules("sales.opportunity", ["stage"], "hidden")
    assert client.get(DEALS).status_code == 200


@pytest.mark.parametrize("columns", [None, 7, "x", {"a": 1}, [7, {}, "name", "gone"]])
@pytest.mark.parametrize("kept", [None, [], "x", {"size": {}, "dense": "x", "view": 7, "surface": [], "lanes": {}}])
def test_hostile_preferences_are_as_if_they_were_not_there(columns, kept):
    liked = read_preferences(columns, kept)
    assert (liked.size, liked.dense, liked.view, liked.surface) == (50, False, "", "")


def test_hostile_rows_break_no_list(sells, seller):
    ColumnChoice.objects.create(user=seller, entity=LABEL, columns={"a": 1}, settings=[7])
    SavedView.objects.create(user=seller, entity=LABEL, name="X", columns={"a": 1}, sums={"b": 2}, where=[7])
    assert sells.get(LIST).status_code == 200
    assert sells.post(f"{LIST}preferences/", {"surface": "\x00", "view": "x" * 5000}).status_code == 204
    assert sells.get(LIST).status_code == 200


def test_preferences_are_for_who_may_look(client, rep):
    client.force_login(rep)
    assert client.post(f"{LIST}preferences/", {"surface": "list"}).status_code == 403
