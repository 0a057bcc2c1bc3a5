"""Every kind of custom field on every surface that a built-in field has."""

from __future__ import annotations

import json

import pytest

from crm.customfields.tests.samples import HOSTILE, SAMPLES
from crm.entities.entity import registry
from crm.entities.testing import exported, listed
from crm.records.models import Entry
from customers.factories import make_account
from customers.models import Account

LABEL, URL = "customers.account", "/customers/accounts/"
every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
sortables = pytest.mark.parametrize(
    "sample",
    [s for s in SAMPLES if s.kind in {"text", "number", "integer", "money", "date", "datetime", "choice"}],
    ids=lambda sample: sample.kind,
)


def new(owner):
    return {"name": "A", "kind": "prospect", "lifecycle": "prospect", "currency": "CNY", "owner": owner.pk}


@pytest.fixture
def filled(define, boss):
    """An account that holds the value of a sample, and one that holds nothing."""

    def make(sample, **settings):
        define(LABEL, sample.kind, **settings)
        account, empty = make_account(owner=boss, name="Full"), make_account(owner=boss, name="Empty")
        Account.objects.filter(pk=account.pk).update(custom={sample.kind: sample.stored})
        account.refresh_from_db()
        return account, empty

    return make


@every_sample
def test_a_form_takes_it_and_the_page_shows_it(desk, define, boss, sample):
    define(LABEL, sample.kind)
    shown = desk.get(URL + "add/")
    assert f"My {sample.kind}" in shown.content.decode() and f'name="{sample.name}' in shown.content.decode()
    answer = desk.post(URL + "add/", new(boss) | sample.posted())
    assert answer.status_code == 302, answer.context["form"].errors
    account = Account.objects.get()
    assert account.custom == {sample.kind: sample.stored}
    field = registry[LABEL].field(sample.name)
    assert field.text(account) == sample.shown
    page_text = desk.get(f"{URL}{account.pk}/").content.decode()
    assert f"My {sample.kind}" in page_text


@every_sample
def test_what_does_not_fit_is_refused_beside_the_field(desk, define, boss, sample):
    define(LABEL, sample.kind)
    for wrong in sample.wrong:
        answer = desk.post(URL + "add/", new(boss) | sample.posted(wrong))
        assert answer.status_code == 422, str(wrong)[:50]
        assert sample.name in answer.context["form"].errors
    assert not Account.objects.exists()


@every_sample
def test_a_required_one_is_asked_for(desk, define, boss, sample):
    define(LABEL, sample.kind, required=True)
    posted = new(boss)
    answer = desk.post(URL + "add/", posted)
    assert answer.status_code == 422 and list(answer.context["form"].errors) == [sample.name]
    assert desk.post(URL + "add/", posted | sample.posted()).status_code == 302


@every_sample
def test_a_list_shows_and_filters_it(desk, filled, sample):
    account, empty = filled(sample)
    rows = desk.get(f"{URL}?cols=name,{sample.name}")
    assert rows.status_code == 200
    field = registry[LABEL].field(sample.name)
    value = sample.stored
    if sample.kind == "multichoice":
        assert listed(desk, LABEL, f"?{sample.name}=a") == {account.pk}
        assert listed(desk, LABEL, f"?{sample.name}__all=a&{sample.name}__all=c") == {account.pk}
        assert listed(desk, LABEL, f"?{sample.name}__all=a&{sample.name}__all=b") == set()
    elif sample.kind == "boolean":
        assert listed(desk, LABEL, f"?{sample.name}=true") == {account.pk}
        assert listed(desk, LABEL, f"?{sample.name}=false") == {empty.pk}
        return
    elif sample.kind == "datetime":
        assert listed(desk, LABEL, f"?{sample.name}=2026-03-01") == {account.pk}
    elif sample.kind == "address":
        assert listed(desk, LABEL, f"?{sample.name}=深圳市南山") == {account.pk}
    elif sample.kind == "richtext":
        assert listed(desk, LABEL, f"?{sample.name}=you") == {account.pk}
    else:
        assert listed(desk, LABEL, f"?{sample.name}={str(value).split()[0]}") == {account.pk}, field.operators[0]
    assert listed(desk, LABEL, f"?{sample.name}__empty=1") == {empty.pk}
    where = json.dumps({"any": [{"field": sample.name, "op": "filled"}]})
    assert listed(desk, LABEL, f"?where={where}") == {account.pk}


@every_sample
def test_it_is_edited_where_it_stands_and_undone(desk, filled, boss, sample):
    account, _empty = filled(sample)
    Account.objects.filter(pk=account.pk).update(custom={})
    cell = f"{URL}{account.pk}/cell/{sample.name}/"
    if sample.kind == "richtext":
        assert desk.get(cell).status_code == 200
    assert desk.get(cell).status_code == 200
    assert desk.post(cell, {"version": account.version, **sample.posted()}).status_code == 200
    account.refresh_from_db()
    assert account.custom == {sample.kind: sample.stored}
    entry = Entry.objects.get(record_id=account.pk, kind=f"{LABEL}.changed")
    assert entry.changes == {sample.name: [None, sample.stored]}
    history = desk.get(f"{URL}{account.pk}/?tab=history").content.decode()
    assert f"My {sample.kind}" in history
    desk.post(f"/undo/entry/{entry.pk}/")
    account.refresh_from_db()
    assert account.custom == {}


@every_sample
def test_many_are_changed_at_once(desk, filled, sample):
    account, empty = filled(sample)
    data = {"selected": [empty.pk], "apply": "1", f"change_{sample.name}": "1", **sample.posted()}
    assert desk.post(URL + "bulk/edit/", {"selected": [empty.pk]}).status_code == 200
    assert desk.post(URL + "bulk/edit/", data).status_code == 302
    empty.refresh_from_db()
    assert empty.custom == account.custom


@every_sample
def test_it_is_exported(desk, filled, sample):
    filled(sample)
    lines = exported(desk, LABEL, f"?cols=name,{sample.name}&sort=name")
    assert lines[0].endswith(f"My {sample.kind}")
    body = "\n".join(lines)
    assert sample.shown.replace(",", "").split("\n")[0].split(" ")[0] in body.replace(",", "")


@sortables
def test_it_sorts_and_pages(desk, filled, boss, sample):
    account, _empty = filled(sample, sortable=True)
    for number in range(60):
        make_account(owner=boss, name=f"N{number}")
    first = desk.get(f"{URL}?sort=-{sample.name}")
    assert first.context["page"].records[0].pk == account.pk
    seen = [r.pk for r in first.context["page"].records]
    after = desk.get(URL + first.context["next_url"])
    seen += [r.pk for r in after.context["page"].records]
    assert len(seen) == len(set(seen)) == 62
    assert desk.get(f"{URL}?sort={sample.name}").context["page"].records[-1].pk != account.pk


@every_sample
def test_hostile_values_are_answered(desk, define, boss, sample):
    define(LABEL, sample.kind)
    account = make_account(owner=boss)
    for text in HOSTILE:
        for data in (
            {sample.name: text},
            {sample.name: [text, text]},
            sample.posted(dict.fromkeys(("province", "street"), text)),
        ):
            answer = desk.post(f"{URL}{account.pk}/cell/{sample.name}/", {"version": account.version, **data})
            assert answer.status_code in {200, 422}
            version = account.version
            account.refresh_from_db()
            if account.version != version:  # it was taken: then every page stands it
                assert desk.get(f"{URL}?cols=name,{sample.name}").status_code == 200
                assert desk.get(f"{URL}{account.pk}/?tab=history").status_code == 200


@every_sample
def test_hostile_conditions_are_answered(desk, define, boss, sample):
    define(LABEL, sample.kind)
    make_account(owner=boss)
    operators = ["", *(f"__{op}" for op in registry[LABEL].field(sample.name).operators)]
    for number in range(max(len(HOSTILE), 2 * len(operators))):
        text = HOSTILE[number % len(HOSTILE)][:2000].encode("utf-8", "replace").decode()
        query = {f"{sample.name}{operators[number % len(operators)]}": text}
        assert desk.get(URL, query).status_code in {200, 422}
