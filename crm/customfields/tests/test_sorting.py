"""Texts that admins define are sorted by their pinyin, whoever writes them; the key is nobody's history."""

from __future__ import annotations

import threading

import pytest

from crm.customfields import definitions, services, sorting
from crm.customfields.models import CustomField
from crm.entities.entity import registry
from crm.entities.paging import paginate
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.services import save, save_many
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"
# By their characters 丁 would come first, 阿 last.
ORDER = ("阿尔法", "Beta", "重庆站", "丁家桥", "张江", "张江2")


def order(desk, sort="custom.site"):
    page = desk.get(URL, {"sort": sort}).context["page"]
    return [record.custom["site"] for record in page.records]


def test_the_list_goes_by_pinyin_whoever_wrote_it(desk, define, boss):
    define(LABEL, "text", "site", sortable=True)
    actor = Actor(boss, "test")
    made = [make_account(owner=boss, name=f"A{n}", custom={"site": text}) for n, text in enumerate(reversed(ORDER))]
    assert order(desk) == list(ORDER) and order(desk, "-custom.site") == list(reversed(ORDER))
    made[0].refresh_from_db()
    made[0].custom = {**made[0].custom, "site": "安徽"}
    save(made[0], actor=actor)
    assert order(desk)[:2] == ["阿尔法", "安徽"] and made[0].custom["~site"] == "anhui"
    several = list(Account.objects.filter(pk__in=[made[1].pk, made[2].pk]).order_by("-pk"))
    for account in several:
        account.custom = {"site": "周浦"}
    save_many(several, actor=actor)
    assert order(desk)[-2:] == ["周浦", "周浦"]
    assert not [e for e in Entry.objects.all() if "~" in str(e.changes)]


def test_a_page_of_the_list_goes_on_where_the_last_one_ended(define, boss):
    define(LABEL, "text", "site", sortable=True)
    for number, text in enumerate(reversed(ORDER)):
        make_account(owner=boss, name=f"A{number}", custom={"site": text})
    page = paginate(Account.objects.all(), "custom.site", descending=False, size=2)
    found = list(page.records)
    while page.after:
        page = paginate(Account.objects.all(), "custom.site", descending=False, size=2, after=page.after)
        found += page.records
    assert [record.custom["site"] for record in found] == list(ORDER)


def test_values_that_are_there_get_their_keys_with_the_index(desk, define, boss):
    field = define(LABEL, "text", "site")
    accounts = [make_account(owner=boss, name=f"A{n}", custom={"site": t}) for n, t in enumerate(reversed(ORDER))]
    version = accounts[0].version
    assert "~site" not in accounts[0].custom
    services.change_field(field, actor=Actor(boss, "test"), sortable=True)
    field = CustomField.objects.get()
    assert sorting.fill(field) == len(ORDER) and sorting.fill(field) == 0
    assert order(desk) == list(ORDER)
    assert Account.objects.get(pk=accounts[0].pk).version == version
    services.change_field(field, actor=Actor(boss, "test"), sortable=False)
    assert sorting.fill(CustomField.objects.get()) == len(ORDER)
    assert not Account.objects.filter(custom__has_key="~site").exists()


def test_a_formula_that_gives_text_is_sorted_so_too(desk, define, boss):
    define(LABEL, "text", "site")
    define(
        LABEL,
        "formula",
        "twice",
        label_zh="重复",
        sortable=True,
        settings={"expression": 'custom.site & "区"', "result": "text"},
    )
    for number, text in enumerate(reversed(ORDER)):
        make_account(owner=boss, name=f"A{number}", custom={"site": text})
    assert registry[LABEL].field("custom.twice").sortable
    assert order(desk, "custom.twice")[:3] == list(ORDER[:3])


def test_readers_never_find_the_definitions_half_forgotten(define, monkeypatch):
    define(LABEL, "text", "site")
    known, errors, stop = definitions.current(), [], threading.Event()
    monkeypatch.setattr(definitions, "_read", lambda: known)

    def read():
        while not stop.is_set():
            try:
                assert definitions.current() is known
            except Exception as error:  # noqa: BLE001 - told below
                errors.append(error)
                return

    readers = [threading.Thread(target=read) for _number in range(4)]
    for reader in readers:
        reader.start()
    for _time in range(20_000):
        definitions.look_again()
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
