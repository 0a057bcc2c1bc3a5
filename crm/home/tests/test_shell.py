"""The shell: navigation, create menu and commands, within the rights of who looks, at no cost."""

import pytest
from django.contrib.auth.models import AnonymousUser

from crm.access.models import Scope
from crm.access.policy import access_of
from crm.entities.entity import registry
from crm.home.context import shell

pytestmark = pytest.mark.django_db


def shell_of(rf, user, path="/"):
    request = rf.get(path)
    request.user = user
    return shell(request)["shell"]


def links(found):
    return [item["url"] for group in found["nav"] for item in group["items"]]


def test_nobody_gets_nothing(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        found = shell_of(rf, AnonymousUser())
        assert (found["nav"], found["create"]) == ([], [])


def test_the_navigation_holds_what_one_may_see_in_the_order_of_areas(rf, rep, grant):
    grant(rep, "sales.lead", view=Scope.OWN, add=Scope.OWN)
    grant(rep, "customers.account", view=Scope.OWN)
    grant(rep, "activities.task", view=Scope.OWN)
    found = shell_of(rf, rep, "/sales/leads/7/")
    everybody = ["/calendar/", "/mail/", "/approvals/"]
    assert [url for url in links(found) if url not in everybody and "/activities/" not in url] == [
        "/",
        "/customers/accounts/",
        "/sales/leads/",
        "/analytics/rfm/",
    ]
    assert links(found)[1] == "/activities/tasks/"
    assert [item["url"] for group in found["nav"] for item in group["items"] if item["active"]] == ["/sales/leads/"]
    assert [item["url"] for item in found["create"]] == ["/sales/leads/add/"]


def test_an_admin_finds_everything(rf, boss):
    found = shell_of(rf, boss)
    assert set(links(found)) > {entity.url("list") for entity in registry.values() if entity.nav}
    assert {"/analytics/sales/"} < set(links(found))


def test_the_palette_asks_what_it_may_offer_when_it_is_opened(client, rep, boss, grant):
    grant(rep, "sales.lead", view=Scope.OWN, add=Scope.OWN)
    client.force_login(rep)
    assert 'role="option"' not in client.get("/sales/leads/").content.decode()
    offered = client.get("/commands/").content.decode()
    assert 'href="/sales/leads/add/"' in offered and 'href="/sales/leads/"' in offered
    assert "/import/" not in offered and "/admin/" not in offered and "/customers/accounts/" not in offered
    client.force_login(boss)
    offered = client.get("/commands/").content.decode()
    assert 'href="/admin/"' in offered and 'href="/import/sales.lead/"' in offered


def test_the_shell_asks_only_for_the_access(rf, rep, grant, django_assert_num_queries):
    grant(rep, "sales.lead", view=Scope.OWN, add=Scope.OWN)
    access_of(rep)
    with django_assert_num_queries(0):
        assert links(shell_of(rf, rep))


def test_counts_are_asked_for_only_where_they_call_for_action(client, rep, grant):
    grant(rep, "customers.account", view=Scope.OWN)
    client.force_login(rep)
    assert client.get("/nav/count/customers.account/").status_code == 404
    assert client.get("/nav/count/sales.lead/").status_code == 403
    assert client.get("/nav/count/no.such/").status_code == 404
    client.logout()
    assert client.get("/nav/count/sales.lead/").status_code == 302


def test_who_may_bring_in_people_finds_the_way(client, boss, rep, grant):
    address = "/import/users.user/"
    client.force_login(boss)
    assert address in client.get("/admin/users/user/").content.decode()
    assert address in client.get("/").content.decode()
    assert client.get(address).status_code == 200
    client.force_login(rep)
    assert address not in client.get("/").content.decode()
    assert client.get(address).status_code == 403
