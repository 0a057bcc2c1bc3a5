"""Writing dynamic rules and dependent choices in the administration: in words, refused where they can't be, tried out."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import translation

from crm.customfields import definitions
from crm.customfields.logic import logic_of
from crm.customfields.models import Cascade, LogicRule
from crm.customfields.services import define_field
from crm.records.actor import Actor
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
ADD = reverse("admin:customfields_logicrule_add")


@pytest.fixture(autouse=True)
def fields(db):
    options = [{"value": v, "label_zh": f"选{v}", "label_en": f"Pick {v}"} for v in "abc"]
    for code in ("grade", "city"):
        define_field(LABEL, "choice", code, code, code.title(), actor=Actor(None, "test"), options=options)
    define_field(LABEL, "money", "budget", "合同金额", "Budget", actor=Actor(None, "test"))
    with translation.override("en"):
        yield
    definitions.assume_none()


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    client.cookies.load({"django_language": "en"})
    return client


WHERE = {"all": [{"field": "custom.grade", "op": "in", "value": ["a"]}]}


def posted(**changes):
    data = {
        "target": "custom.budget",
        "effect": "required",
        "where": json.dumps(WHERE),
        "position": "1",
        "active": "on",
    }
    return data | changes


def write(admin, **changes):
    return admin.post(f"{ADD}?entity={LABEL}", posted(**changes))


def test_a_rule_is_written_said_and_counts_at_once(admin):
    assert admin.get(ADD).status_code == 200
    assert admin.get(f"{ADD}?entity={LABEL}").status_code == 200
    assert write(admin).status_code == 302
    page = admin.get(reverse("admin:customfields_logicrule_changelist")).content.decode()
    assert "When Grade is one of Pick a: Budget is required" in page
    assert [rule.names for rule in logic_of(Account).rules] == [("custom.budget",)]


def test_options_are_those_of_the_field(admin):
    answer = write(admin, target="custom.city", effect="options", chosen=["custom.grade|a"])
    assert answer.context["adminform"].form.errors["chosen"] == ["Choose options of the field it is about."]
    write(admin, target="custom.city", effect="options", chosen=["custom.city|a", "custom.city|b"])
    assert LogicRule.objects.get().options == ["a", "b"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"target": "", "effect": "required"}, "target"),
        ({"target": "name", "effect": "visible"}, "target"),
        ({"target": "phone", "effect": "options"}, "target"),
        ({"target": "custom.gone"}, "target"),
        ({"effect": "nonsense"}, "effect"),
        ({"where": "{"}, "where"),
        ({"where": json.dumps({"all": [{"field": "owner__password", "op": "filled"}]})}, "where"),
        ({"effect": "default", "value": "many"}, "__all__"),
    ],
)
def test_rules_that_can_not_be_are_refused_by_name(admin, changes, field):
    answer = write(admin, **changes)
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not LogicRule.objects.exists()


def test_a_section_can_be_shown_only_sometimes(admin):
    from crm.entities.arranged import default_parts
    from crm.entities.entity import registry

    part = default_parts(registry[LABEL], "form")[1]
    assert write(admin, target=f"section:{part.key}", effect="visible").status_code == 302
    (rule,) = logic_of(Account).rules
    assert set(rule.names) <= set(part.fields)
    assert rule.names


def test_a_rule_is_tried_out_on_a_record(admin, boss):
    write(admin)
    rule = LogicRule.objects.get()
    account = make_account(owner=boss, custom={"grade": "b"})
    url = reverse("admin:customfields_logicrule_change", args=[rule.pk])
    page = admin.get(f"{url}?record={account.pk}")
    assert page.context["tried"]["follows"] == "Nothing happens."
    account.custom = {"grade": "a"}
    account.save(update_fields=["custom"])
    tried = admin.get(f"{url}?record={account.pk}").context["tried"]
    assert (tried["follows"], [line["value"] for line in tried["lines"]]) == ("Budget is required", ["Pick a"])
    for hostile in ("x", "9" * 40, "-1", "0"):
        assert admin.get(f"{url}?record={hostile}").status_code == 200


def test_a_matrix_is_ticked(admin):
    data = {"field": "custom.city", "by": "custom.grade", "through": "", "active": "on"}
    answer = admin.post(f"{reverse('admin:customfields_cascade_add')}?entity={LABEL}", data)
    cascade = Cascade.objects.get()
    assert answer.url == reverse("admin:customfields_cascade_change", args=[cascade.pk])
    page = admin.get(answer.url)
    assert [row["label"] for row in page.context["matrix"]["rows"]] == ["(empty)", "Pick a", "Pick b", "Pick c"]
    ticked = {"free-": "1", "free-c": "1", "m-a": ["a", "b", "zz"], "m-zz": ["a"]}
    admin.post(reverse("admin:customfields_cascade_matrix", args=[cascade.pk]), ticked)
    cascade.refresh_from_db()
    assert cascade.matrix == {"a": ["a", "b"], "b": []}


@pytest.mark.parametrize(
    "changes", [{"by": "custom.city"}, {"field": "account"}, {"through": "name"}, {"field": "owner"}, {"by": "owner"}]
)
def test_dependences_that_can_not_be_are_refused(admin, changes):
    data = {"field": "custom.city", "by": "custom.grade", "through": "", "active": "on"} | changes
    answer = admin.post(f"{reverse('admin:customfields_cascade_add')}?entity={LABEL}", data)
    assert answer.status_code == 200
    assert not Cascade.objects.exists()


def test_stored_rules_that_are_broken_say_so_and_break_no_page(admin):
    broken = [
        LogicRule(target="custom.gone", effect="required"),
        LogicRule(target="custom.budget", effect="required", where={"all": "x"}),
        LogicRule(target="custom.city", effect="options", options={"a": 1}),
        LogicRule(target="section:gone", effect="visible"),
        LogicRule(target="custom.budget", effect="required", where=[7]),
        LogicRule(target="nonsense__x", effect="default", value="\x01"),
    ]
    for rule in broken:
        rule.entity = LABEL
        rule.save()
    lost = LogicRule.objects.create(entity="gone.thing", target="x", effect="visible")
    cascades = [Cascade(field="x", by="y"), Cascade(field="custom.city", by="custom.grade", matrix=[7])]
    for cascade in cascades:
        cascade.entity = LABEL
        cascade.save()
    assert admin.get(reverse("admin:customfields_logicrule_changelist")).status_code == 200
    assert admin.get(reverse("admin:customfields_cascade_changelist")).status_code == 200
    account = make_account()
    for rule in (*broken, lost):
        url = reverse("admin:customfields_logicrule_change", args=[rule.pk])
        assert admin.get(f"{url}?record={account.pk}").status_code == 200
    for cascade in cascades:
        assert admin.get(reverse("admin:customfields_cascade_change", args=[cascade.pk])).status_code == 200


def test_order_and_use_are_changed_on_the_list_and_count_at_once(admin):
    write(admin)
    rule = LogicRule.objects.get()
    data = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": rule.pk,
        "form-0-position": "5",
        "_save": "1",
    }
    assert admin.post(reverse("admin:customfields_logicrule_changelist"), data).status_code == 302
    rule.refresh_from_db()
    assert (rule.position, rule.active) == (5, False)
    assert not logic_of(Account)
