"""A condition judged in memory gives the verdict that the database gives on the stored row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.fields.conditions import Reader, make_test, parse
from crm.fields.field import resolve
from crm.fields.kinds import OPERATORS, arity
from customers.factories import make_account
from sales.factories import make_lead, make_opportunity, make_pipeline, make_stage
from sales.models import Lead, Opportunity

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
OF_OPPORTUNITY = (
    "name",
    "amount",
    "close_date",
    "created_at",
    "stage",
    "owner",
    "state",
    "account__website",
    "account__is_person",
)
OF_LEAD = ("phone", "email", "description", "source", "company", "converted_at")
DAYS = ("2026-11-22", "2026-11-16", "2026-10-01", "2025-12-31")
VALUES = {
    "text": ("泵站", "PUMP", "straße", "a"),
    "money": ("0", "100.50", "99999"),
    "date": DAYS,
    "datetime": DAYS,
    "boolean": (True, False),
    "phone": ("138",),
    "email": ("a@b.cn",),
    "url": ("https://a.cn",),
    "longtext": ("泵",),
    "choice": ("open", "won"),
}


@pytest.fixture
def rows(db, rep, other):
    pipeline = make_pipeline()
    site, none = make_account(name="华东泵业", website="https://a.cn"), None
    made = [
        make_opportunity(
            name="泵站改造 Pump", amount=Decimal("100.50"), close_date="2026-11-22", account=site, owner=rep
        ),
        make_opportunity(name="Straße", amount=None, close_date=None, account=none, owner=other),
        make_opportunity(
            name="STRASSE",
            amount=Decimal(0),
            close_date="2026-10-01",
            account=none,
            owner=other,
            stage=make_stage("合同谈判", pipeline),
        ),
    ]
    for record, days in zip(made, (0, 6, 400), strict=True):
        Opportunity.objects.filter(pk=record.pk).update(created_at=NOW - timedelta(days=days, hours=5))
    make_lead(phone="138 0013 8000", email="A@B.CN", description="泵房", company="甲")
    make_lead(phone="", email="", description="", company="")
    return made


def given(field, op: str):
    """Raw values that fit the operator, one list a case."""
    takes = arity(op)
    if takes == 0:
        return [None]
    if op.endswith("_days"):
        return ["0", "6", "30", "400"]
    if field.kind in {"record", "user"}:
        ids = list(field.source.related_model._base_manager.values_list("pk", flat=True)[:3])
        return [[pk] for pk in ids] + [ids] if takes == "many" else ids[:1]
    values = VALUES[field.kind]
    if takes == "many":
        return [list(values), list(values[:1])]
    if takes == 2:
        return [sorted(values[:2], key=lambda v: Decimal(v) if field.kind == "money" else v)]
    return list(values)


@pytest.mark.parametrize(("model", "name"), [(Opportunity, n) for n in OF_OPPORTUNITY] + [(Lead, n) for n in OF_LEAD])
def test_every_operator_gives_the_verdict_of_the_database(rows, rep, other, model, name):
    field = resolve(model, name)
    reader = Reader(rep.pk, (rep.pk, other.pk), NOW)
    stored = list(model.objects.all())
    for op in OPERATORS[field.kind]:
        for raw in given(field, op):
            test = make_test(field, op, raw)
            by_database = set(model.objects.filter(test.q(reader)).values_list("pk", flat=True))
            in_memory = {record.pk for record in stored if test.holds(record, reader)}
            assert in_memory == by_database, (name, op, raw)


def test_groups_join_by_all_and_any(rows):
    fields = {name: resolve(Opportunity, name) for name in OF_OPPORTUNITY}
    reader = Reader(0, (), timezone.now())
    stored = list(Opportunity.objects.all())
    for data in (
        {"all": []},
        {"any": []},
        {"all": [{"field": "name", "op": "contains", "value": "s"}, {"any": [{"field": "amount", "op": "empty"}]}]},
        {"any": [{"field": "amount", "op": "eq", "value": "0"}, {"field": "name", "op": "starts", "value": "泵"}]},
    ):
        group = parse(data, fields)
        assert {r.pk for r in stored if group.holds(r, reader)} == set(
            Opportunity.objects.filter(group.q(reader)).values_list("pk", flat=True)
        )
    records_changed = stored[0]
    records_changed.name = "只在内存里"
    assert parse({"all": [{"field": "name", "op": "is", "value": "只在内存里"}]}, fields).holds(records_changed, reader)
