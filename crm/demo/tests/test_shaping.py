"""A company with custom fields, dynamic rules and automation: made by the services of the administration, and measured."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from crm.customfields import definitions
from crm.customfields.logic import logic_of, read_rule
from crm.customfields.models import CustomField, LogicRule
from crm.demo.shapes import FIELDS, LOGIC, RULES
from crm.entities.entity import registry
from crm.jobs.models import Job
from crm.search.models import SearchRow
from crm.workflows.models import Rule
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_lead, make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(make_user):
    """Three people as the bench signs them in, and a few records."""
    people = {name: make_user(name, is_staff=name == "admin") for name in ("rep", "manager")}
    people["admin"] = make_user("admin", is_staff=True, is_superuser=True)
    for n in range(3):
        account = make_account(owner=people["admin"], name=f"测量{n}厂")
        make_opportunity(owner=people["admin"], account=account, amount=1000 * (n + 1))
    make_lead(owner=people["admin"])
    with connection.cursor() as cursor:  # no index can be built while checks of this transaction wait
        cursor.execute("set constraints all immediate")
    yield people
    definitions.assume_none()


def bench(tmp_path, *words):
    found = tmp_path / "bench.json"
    call_command("bench", *words, "--rounds", "1", "--json", str(found), stdout=io.StringIO(), stderr=io.StringIO())
    return json.loads(found.read_text())


def test_the_shaped_company_is_complete_and_its_pages_answer(company, tmp_path):
    found = bench(tmp_path, "--shaped", "--only", "shaped")
    assert {(one["page"], one["status"]) for one in found if one["role"] == "admin"} == {
        ("floor", 200),
        ("shaped: list by custom field", 200),
        ("shaped: list filtered", 200),
        ("shaped: search", 200),
        ("shaped: save", 302),
    }
    assert (len(FIELDS), CustomField.objects.count()) == (20, 20)
    assert (len(RULES), Rule.objects.filter(active=True).count()) == (20, 20)
    assert LogicRule.objects.count() == len(LOGIC) == 4
    for rule in LogicRule.objects.all():
        read_rule(registry[rule.entity].model, rule)
    assert not Job.objects.exclude(state=Job.State.DONE).exists()
    assert bench(tmp_path, "--shaped", "--only", "nothing")  # a second time it is there already
    assert CustomField.objects.count() == 20


def test_values_and_what_is_worked_out_from_them_are_there(company, tmp_path):
    bench(tmp_path, "--shaped", "--only", "nothing")
    account = Account.objects.order_by("pk").first()
    assert account.custom["sap_no"] == f"SAP{account.pk * 7}"
    assert account.custom["audited_on"] == str(timezone.localdate() - timedelta(days=account.pk % 700))
    assert account.custom["open_amount"] == "1000.00"
    deal = account.opportunities.get()
    assert deal.custom["margin"] == f"{1000 - (deal.pk % 400) * 500:.2f}"
    assert SearchRow.objects.filter(entity="customers.account", record_id=account.pk).exists()
    assert logic_of(Account)
