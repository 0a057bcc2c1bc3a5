"""Administrators write formulas, roll-ups and rules without JSON, see at once what they give, and try rules on a record."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from crm.access.models import FieldRule
from crm.customfields import definitions
from crm.customfields.arranging import ValidationRule
from crm.customfields.models import CustomField
from crm.customfields.services import define_field, delete_field
from crm.jobs.models import Job
from crm.records.actor import Actor
from customers.factories import make_account
from sales.factories import make_opportunity

DEAL, ACCOUNT = "sales.opportunity", "customers.account"
FORMULAS, ROLLUPS, RULES = (f"/admin/customfields/{page}/" for page in ("formula", "rollup", "validationrule"))
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, boss):
    client.force_login(boss)
    yield client
    definitions.seen(0)
    definitions.look_again()


def posted(**values):
    return {"label_zh": "奖金", "label_en": "Bonus", "code": "", "active": "on", "position": "0", **values}


def errors(answer):
    return str(answer.context["adminform"].form.errors)


def test_a_formula_is_written_with_labels_and_worked_out(desk, boss):
    assert b"choose" in desk.get(FORMULAS + "add/").content.lower()
    url = f"{FORMULAS}add/?entity={DEAL}"
    page = desk.get(url).content.decode()
    assert 'data-insert="[Close date]"' in page and 'data-insert="if("' in page and "Account.Name" in page
    answer = desk.post(url, posted(expression="[Amount] * 0.1", result="money"))
    assert answer.status_code == 302, errors(answer)
    field = CustomField.objects.get()
    assert (field.code, field.kind, field.settings["expression"]) == ("bonus", "formula", "amount * 0.1")
    deal = make_opportunity(owner=boss, amount=Decimal(50))
    assert deal.custom == {"bonus": "5.00"}
    again = desk.get(f"{FORMULAS}{field.pk}/change/")
    assert again.context["adminform"].form["expression"].value() == "Amount * 0.1"
    change = posted(code="bonus", expression="Amount * 0.2", result="money")
    assert desk.post(f"{FORMULAS}{field.pk}/change/", change).status_code == 302
    assert Job.objects.filter(kind="customfields.recompute").count() == 2
    assert desk.get(f"/admin/customfields/customfield/{field.pk}/change/").url == f"{FORMULAS}{field.pk}/change/"
    assert "Amount * 0.2" in desk.get(FORMULAS).content.decode()
    assert "Bonus" in desk.get("/admin/customfields/customfield/").content.decode()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"expression": "amoun * 2", "result": "money"}, "Did you mean"),
        ({"expression": "name", "result": "money"}, "is wanted"),
        ({"expression": "", "result": "money"}, "required"),
        ({"expression": "1", "result": "colour"}, "colour"),
        ({"expression": "1", "result": "money", "label_zh": "", "label_en": ""}, "label"),
        ({"expression": "\x00", "result": "money"}, "Null"),
        ({"expression": "(" * 3999, "result": "money"}, "nested"),
        ({"expression": "x" * 5000, "result": "money"}, "4000"),
    ],
)
def test_what_cannot_be_is_said_beside_it(desk, values, said):
    answer = desk.post(f"{FORMULAS}add/?entity={DEAL}", posted(**values))
    assert answer.status_code == 200 and said in errors(answer)


def test_the_check_shows_values_or_the_place_of_the_error(desk, boss):
    make_opportunity(owner=boss, name="Known", amount=Decimal(1234))
    ask = {"entity": DEAL, "result": "money", "decimals": ""}
    said = desk.post(FORMULAS + "check/", ask | {"expression": "金额 * 2"}).content.decode()
    assert "Known" in said and "2,468.00" in said
    said = desk.post(FORMULAS + "check/", ask | {"expression": "1 + amoun"}).content.decode()
    assert "<mark>amoun</mark>" in said and "Did you mean" in said
    said = desk.post(FORMULAS + "check/", ask | {"expression": "amount > 1", "rules": "1"}).content.decode()
    assert "would be refused" in said
    for text in ("", "\x00", "((((", "9" * 4001, "[" * 100, "1/0", "today()", "‮"):
        assert desk.post(FORMULAS + "check/", ask | {"expression": text}).status_code == 200
    assert desk.post(FORMULAS + "check/", {"entity": "zzz"}).status_code == 404
    assert desk.get(FORMULAS + "check/").status_code == 404


def test_the_check_keeps_hidden_values(client, rep, grant, field_rule):
    make_opportunity(owner=rep, name="Known", amount=Decimal(1234))
    grant(rep, DEAL, view=3)
    rep.is_staff = True
    rep.save()
    client.force_login(rep)
    ask = {"entity": DEAL, "result": "money", "expression": "amount * 2"}
    assert client.post(FORMULAS + "check/", ask).status_code == 403
    grant(rep, "customfields.formula", view=4)
    assert "2,468" in client.post(FORMULAS + "check/", ask).content.decode()
    field_rule(rep, DEAL, "amount", FieldRule.Mode.HIDDEN)
    answer = client.post(FORMULAS + "check/", ask)
    assert answer.status_code == 200 and "2,468" not in answer.content.decode()


def test_a_roll_up_is_put_together_by_choosing(desk, boss):
    first = f"{ROLLUPS}add/?entity={ACCOUNT}"
    assert f"{DEAL}:account" in desk.get(first).content.decode().replace("%3A", ":")
    url = f"{first}&link={DEAL}:account"
    page = desk.get(url)
    assert "data-builder" in page.content.decode()
    where = json.dumps({"all": [{"field": "state", "op": "in", "value": ["open"]}]})
    answer = desk.post(url, posted(function="sum", field="amount", where=where))
    assert answer.status_code == 302, errors(answer)
    field = CustomField.objects.get()
    assert (field.kind, field.settings["result"], field.settings["link"]) == ("rollup", "money", f"{DEAL}:account")
    account = make_account(owner=boss)
    make_opportunity(owner=boss, account=account, amount=Decimal(5))
    account.refresh_from_db()
    assert account.custom == {"bonus": "5.00"}
    assert desk.get(f"{ROLLUPS}{field.pk}/change/").status_code == 200
    assert "Sum" in desk.get(ROLLUPS).content.decode()
    wrong = desk.post(url, posted(function="sum", field=""))
    assert "field" in errors(wrong)


def test_a_rule_is_written_and_tried(desk, boss):
    url = f"{RULES}add/?entity={DEAL}"
    page = desk.get(url).content.decode()
    assert 'data-rules="1"' in page and "is_new(" in page
    said = {
        "name": "Cap",
        "expression": "Amount > 100",
        "message_en": "Too much.",
        "message_zh": "过大",
        "field": "amount",
    }
    flags = {"on_create": "on", "on_change": "on", "active": "on", "position": "0"}
    answer = desk.post(url, said | flags)
    assert answer.status_code == 302, errors(answer)
    rule = ValidationRule.objects.get()
    assert (rule.entity, rule.expression) == (DEAL, "amount > 100")
    with pytest.raises(ValidationError):
        make_opportunity(owner=boss, amount=Decimal(101))
    kept = make_opportunity(owner=boss, amount=Decimal(99))
    change = f"{RULES}{rule.pk}/change/"
    assert "lets it pass" in desk.get(change, {"record": kept.pk}).content.decode()
    type(kept).objects.filter(pk=kept.pk).update(amount=500)
    assert "would be refused" in desk.get(change, {"record": kept.pk}).content.decode()
    assert "There is no such record" in desk.get(change, {"record": 99999999}).content.decode()
    assert desk.get(change, {"record": "9" * 40}).status_code == 200
    assert "Amount &gt; 100" in desk.get(RULES).content.decode()
    assert "Enter a message" in errors(desk.post(url, said | flags | {"message_en": "", "message_zh": ""}))
    assert desk.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"}).status_code == 302
    make_opportunity(owner=boss, amount=Decimal(101))


def test_a_field_that_is_needed_stays(desk, boss):
    actor = Actor(boss, "test")
    rate = define_field(DEAL, "number", "rate", "率", actor=actor)
    define_field(DEAL, "formula", "bonus", "奖金", actor=actor, settings={"expression": "rate * 2", "result": "number"})
    page = desk.get(f"/admin/customfields/customfield/{rate.pk}/delete/").content.decode()
    assert "奖金" in page
    with pytest.raises(ValidationError, match="奖金"):
        delete_field(rate, actor=actor)
