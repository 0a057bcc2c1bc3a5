"""Roles in the administration: scopes, conditions, copies, comparisons."""

from __future__ import annotations

import pytest

from crm.access.models import FieldRule, Grant, Role, Scope
from crm.entities.entity import registry
from sales.factories import make_lead

pytestmark = pytest.mark.django_db
URL = "/admin/access/role/"
HOT = '{"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}'


@pytest.fixture
def role(client, boss):
    client.force_login(boss)
    return Role.objects.create(name="Rep", code="rep")


def matrix(**cells) -> dict:
    """What the matrix page posts."""
    posted = {f"grant:{label}:{a}": "0" for label, entity in registry.items() for a in entity.granted}
    posted |= {"name": "Rep", "code": "rep", "field_rules-TOTAL_FORMS": "0", "field_rules-INITIAL_FORMS": "0"}
    return posted | {f"grant:sales.lead:{action}": str(scope) for action, scope in cells.items()}


def test_a_condition_opens_records_beyond_the_scope(client, role, rep, other):
    assert client.post(f"{URL}{role.pk}/change/", matrix(view=1)).status_code == 302
    role.users.add(rep)
    hot, cold = make_lead(owner=other, rating="hot"), make_lead(owner=other, rating="cold")
    where = f"{URL}{role.pk}/where/sales.lead/view/"
    assert "data-builder" in client.get(where).content.decode()
    refused = client.post(where, {"condition": '{"all": [{"field": "secret", "op": "is", "value": "x"}]}'})
    assert refused.status_code == 200 and not Grant.objects.get().condition
    assert client.post(where, {"condition": HOT}).status_code == 302
    page = client.get(f"{URL}{role.pk}/change/").content.decode()
    assert "Rating is one of Hot" in page
    client.force_login(rep)
    assert client.get(f"/sales/leads/{hot.pk}/").status_code == 200
    assert client.get(f"/sales/leads/{cold.pk}/").status_code == 404


def test_a_cell_keeps_its_condition_when_its_scope_is_none(client, role):
    Grant.objects.create(role=role, entity="sales.lead", action="view", scope=Scope.OWN, condition={"all": []})
    keep = Grant.objects.create(
        role=role, entity="sales.lead", action="change", scope=Scope.OWN,
        condition={"all": [{"field": "rating", "op": "in", "value": ["hot"]}]},
    )  # fmt: skip
    client.post(f"{URL}{role.pk}/change/", matrix(view=0, change=0))
    keep.refresh_from_db()
    assert keep.scope == Scope.NONE and keep.condition
    client.post(f"{URL}{role.pk}/where/sales.lead/change/", {"condition": ""})
    assert not Grant.objects.filter(action="change").exists()


def test_a_copy_has_the_same_rights_and_nobody_in_it(client, role, rep):
    role.users.add(rep)
    Grant.objects.create(role=role, entity="sales.lead", action="view", scope=Scope.TEAM, condition={"all": []})
    FieldRule.objects.create(role=role, entity="sales.lead", field="phone", mode="masked")
    client.post(f"{URL}{role.pk}/copy/")
    made = Role.objects.exclude(pk=role.pk).get()
    assert made.name == "Rep (2)" and not made.users.exists()
    assert made.grants.get().scope == Scope.TEAM and made.field_rules.get().mode == "masked"
    assert client.get(f"{URL}{role.pk}/copy/").status_code == 403


def test_comparing_shows_only_what_differs(client, role):
    wide = Role.objects.create(name="Wide", code="wide")
    for of, scope in ((role, Scope.OWN), (wide, Scope.ALL)):
        Grant.objects.create(role=of, entity="sales.lead", action="view", scope=scope)
        Grant.objects.create(role=of, entity="sales.lead", action="change", scope=Scope.OWN)
    FieldRule.objects.create(role=role, entity="sales.lead", field="phone", mode="hidden")
    page = client.post(URL, {"action": "compare", "_selected_action": [role.pk, wide.pk]})
    assert [(line["what"], line["cells"]) for line in page.context["lines"]] == [
        ("Leads · View", ["Own", "All"]),
        ("Leads · Phone", ["Hidden", "Free"]),
    ]


@pytest.mark.parametrize("label", ["sales.lead", "sales.opportunity"])
def test_the_matrix_offers_each_action_once(client, role, label):
    page = client.get(f"{URL}{role.pk}/change/").content.decode()
    assert page.count(f'name="grant:{label}:assign"') == 1
