"""A condition on a custom field gives the same verdict in the database and in memory, whatever is stored there."""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.customfields.tests.samples import SAMPLES
from crm.fields.conditions import Reader, make_test
from crm.fields.field import resolve
from crm.fields.kinds import arity
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_opportunity
from sales.models import Opportunity

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
NOW = datetime.datetime(2026, 3, 1, 4, 30, tzinfo=datetime.UTC)
# What a column of text, a number, a list, an object or nothing at all may have left under a code.
STRANGE = (
    "Pump",
    "pump 1",
    "12.50",
    "-3",
    "1e5",
    "NaN",
    "2026-03-01",
    "2026-03-01T02:30:00Z",
    "0001-01-01",
    "",
    0,
    7,
    2**70,
)
STORED = [*STRANGE, True, False, None, [], ["a"], ["a", 3], {}, {"province": "广东省"}, {"x": [1]}]
every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)


def asked(field, sample):
    """(operator, raw values) that fit the field."""
    one = {"address": "广东省", "richtext": "you", "datetime": "2026-03-01", "boolean": True, "multichoice": ["a", "c"]}
    value = one.get(sample.kind, sample.stored)
    for op in field.operators:
        takes = arity(op)
        if takes == 0:
            yield op, None
        elif op.endswith("_days"):
            yield op, "30"
        elif takes == 2:
            yield op, [value, value]
        else:
            yield op, value


def regular(field, stored):
    """Whether the field's own door could have written it: on these the verdicts must agree, on the rest nothing may break."""
    raw = (stored or {}).get(field.definition.code)
    if raw is None:
        return True
    try:
        value = field.from_json(raw)
        return value is not None and field.dumped(value) == raw and json.dumps(field.dumped(value)) == json.dumps(raw)
    except (ValueError, TypeError, ArithmeticError):
        return False


@every_sample
def test_memory_and_database_agree_and_nothing_stored_breaks_them(define, rep, sample):
    define(LABEL, sample.kind)
    for stored in [*STORED, sample.stored]:
        account = make_account(owner=rep)
        Account.objects.filter(pk=account.pk).update(custom={sample.kind: stored} if stored is not None else {})
        make_opportunity(owner=rep, account=account)
    make_opportunity(owner=rep, account=None)
    reader = Reader(rep.pk, (rep.pk,), NOW)
    for model, name in ((Account, sample.name), (Opportunity, f"account__{sample.name}")):
        field, rows = resolve(model, name), list(model.objects.all())
        held = {row.pk: getattr(row if model is Account else row.account, "custom", None) for row in rows}
        sure = {pk for pk, stored in held.items() if regular(field, stored)}
        assert len(sure) >= 2
        for op, raw in asked(field, sample):
            test = make_test(field, op, raw)
            by_database = set(model.objects.filter(test.q(reader)).values_list("pk", flat=True)) & sure
            in_memory = {row.pk for row in rows if test.holds(row, reader)} & sure
            assert {str(held[pk]) for pk in in_memory ^ by_database} == set(), (name, op, raw)


@every_sample
def test_what_is_put_is_what_is_read(define, sample):
    define(LABEL, sample.kind)
    field = resolve(Account, sample.name)
    account = Account(custom={"other": 1, sample.kind: sample.stored})
    value = field.raw(account)
    field.put(account, None)
    assert account.custom in ({"other": 1}, {"other": 1, sample.kind: False})
    field.put(account, value)
    assert account.custom == {"other": 1, sample.kind: sample.stored}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
)
def test_nothing_stored_breaks_reading(stored, kinds):
    account = Account(custom=dict.fromkeys((s.kind for s in SAMPLES), stored), owner_id=1)
    for sample in SAMPLES:
        field = resolve(Account, sample.name)
        assert isinstance(field.text(account), str)


@pytest.fixture
def kinds(define):
    for sample in SAMPLES:
        define(LABEL, sample.kind)
