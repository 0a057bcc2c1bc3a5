"""Rows written by COPY are those that INSERT writes."""

import datetime
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, transaction

from crm.records.copying import FEW, copy_in, insert_many, update_many
from crm.records.models import AuditEvent
from crm.reference.models import Industry
from customers.models import Account

pytestmark = pytest.mark.django_db

TEXTS = [
    "北辰",
    "tab\there",
    "line\nbreak\r",
    "back\\slash",
    "\\N",
    "",
    "'quote\"",
    "\\.",
    "emoji 😀",
    "a\u2028b",
    "{x,y}",
]


def accounts(owner, **values):
    return [Account(owner=owner, name=text or "·", description=text, **values) for text in TEXTS * 5]


def test_copy_equals_insert(rep):
    day = datetime.datetime(2026, 11, 22, 10, 12, tzinfo=datetime.UTC)
    values = {
        "annual_revenue": Decimal("1E+3"),
        "employees": 5,
        "is_person": True,
        "extras": {"a": ['"', "\\", "\n", "中"]},
        "created_at": day,
        "kind": Account.Kind.PARTNER,
    }
    copied, inserted = accounts(rep, **values), accounts(rep, **values)
    assert len(copied) >= FEW
    insert_many(Account, copied)
    Account.objects.bulk_create(inserted)
    names = [f.attname for f in Account._meta.concrete_fields if f.name not in {"id", "updated_at", "held_since"}]
    rows = [
        list(Account.objects.filter(pk__in=[a.pk for a in some]).order_by("pk").values_list(*names))
        for some in (copied, inserted)
    ]
    assert rows[0] == rows[1]
    assert not any(account._state.adding for account in copied)
    assert [a.pk for a in copied] == sorted({a.pk for a in copied})


def test_columns_are_written_alike_whether_values_differ_or_not(rep):
    days = [
        None,
        datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    ]
    copied, inserted = (
        [
            Account(
                owner=rep,
                name=f"a{i}",
                description=["plain", "tab\t", ""][i % 3],
                employees=[None, i][i % 2],
                annual_revenue=[Decimal("1.5"), None][i % 2],
                last_activity_at=days[i % 3],
                is_person=bool(i % 2),
                extras=[{}, {"n": True}, {"n": 1}][i % 3],
                level=[Account.Level.A, ""][i % 2],
            )
            for i in range(FEW)
        ]
        for _turn in range(2)
    )
    insert_many(Account, copied)
    Account.objects.bulk_create(inserted)
    names = [
        f.attname
        for f in Account._meta.concrete_fields
        if f.name not in {"id", "updated_at", "created_at", "held_since"}
    ]
    rows = [
        list(Account.objects.filter(pk__in=[a.pk for a in some]).order_by("pk").values_list(*names))
        for some in (copied, inserted)
    ]
    assert rows[0] == rows[1]
    assert [row[names.index("extras")] for row in rows[0][1:3]] == [{"n": True}, {"n": 1}]


def test_arrays_and_json(db):
    aliases = ["北", 'a"b', "\\", "a,b", "{", "NULL", ""]
    industry = {"name": "x", "aliases": aliases, "name_key": "x", "code": "", "position": 0, "active": True}
    copy_in(Industry, list(industry), [list(industry.values())])
    event = {
        "at": datetime.datetime.now(datetime.UTC),
        "action": "x",
        "entity": "",
        "record_ids": [-1, 2],
        "data": {"k": "v\t"},
    }
    copy_in(AuditEvent, list(event), [list(event.values())])
    event = AuditEvent.objects.get()
    assert Industry.objects.get(name="x").aliases == aliases
    assert (event.record_ids, event.data, event.user) == ([-1, 2], {"k": "v\t"}, None)


def test_refusals_are_djangos_own(rep):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_many(Account, [Account(owner=rep, name="") for _n in range(FEW)])
    with pytest.raises(DataError), transaction.atomic():
        insert_many(Account, [Account(owner=rep, name="x" * 400) for _n in range(FEW)])
    with pytest.raises(ValueError, match="NUL"), transaction.atomic():
        insert_many(Account, [Account(owner=rep, name="a\x00") for _n in range(FEW)])


def test_many_are_changed_as_one_by_one(rep, other):
    day = datetime.datetime(2026, 1, 1, 8, 30, 0, 125, tzinfo=datetime.UTC)
    names = [
        *("name", "description", "employees", "annual_revenue", "last_activity_at", "is_person", "extras", "level"),
        *("owner", "website"),
    ]
    changed, expected = accounts(rep), accounts(rep)
    for some, write in (
        (changed, update_many),
        (expected, lambda m, rows, names: m.objects.bulk_update(rows, names)),
    ):
        Account.objects.bulk_create(some)
        for i, account in enumerate(some):
            account.description, account.name = account.description[::-1], f"新{i}\\"
            account.employees, account.annual_revenue = (
                [None, i][i % 2],
                [Decimal("0.50"), None, Decimal("7E+2")][i % 3],
            )
            account.last_activity_at, account.is_person = [None, day][i % 2], bool(i % 2)
            account.extras, account.level = (
                [{}, {"a": ['"', "\\", None, 1.5, True]}][i % 2],
                ["", Account.Level.A][i % 2],
            )
            account.owner, account.website = [rep, other][i % 2], ["", "https://例.cn/?a=%s"][i % 2]
        write(Account, some, names)
    rows = [
        list(Account.objects.filter(pk__in=[a.pk for a in some]).order_by("pk").values_list(*names))
        for some in (changed, expected)
    ]
    assert rows[0] == rows[1]
    industries = [Industry(name=f"i{i}", aliases=[]) for i in range(FEW)]
    Industry.objects.bulk_create(industries)
    for industry in industries:
        industry.aliases = ["北", 'a"b', "\\", "a,b", "{", "NULL", ""]
    update_many(Industry, industries, ["aliases"])
    assert {tuple(row.aliases) for row in Industry.objects.filter(pk__in=[i.pk for i in industries])} == {
        ("北", 'a"b', "\\", "a,b", "{", "NULL", "")
    }


def test_many_changes_are_refused_as_djangos_own(rep):
    some = accounts(rep)
    Account.objects.bulk_create(some)
    for wrong, refusal in (("", IntegrityError), ("x" * 400, DataError), ("a\x00", ValueError)):
        some[7].name = wrong
        with pytest.raises(refusal), transaction.atomic():
            update_many(Account, some, ["name"])
    assert Account.objects.filter(name__in=["", "x" * 300]).count() == 0
