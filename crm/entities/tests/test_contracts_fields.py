"""What holds for every field of every entity: hidden ones show nowhere, masked ones masked, none of them can be written."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from django.http import QueryDict

from crm.access.models import Scope
from crm.activities.services import add_follow_up
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.listviews import list_query
from crm.entities.query import RESERVED
from crm.entities.testing import (
    call,
    every_entity,
    exported,
    factory_of,
    needles,
    pages,
    sample,
    squeezed,
    state,
    text_of,
)
from crm.fields.contributed import contributed_names
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.factories import make_account

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
both_guards = pytest.mark.parametrize("mode", ["hidden", "masked"])
# Pages of a record that tell of others: of a parent no more are asked for, its own contracts ask for all.
TELLS = {"record", "tabs", "related", "panel", "timeline", "history"}
every_guard = pytest.mark.parametrize("mode", ["hidden", "masked", "read"])


def attached(label, owner):
    """A record with everything filled in and changed once, and the records on whose pages it shows."""
    entity, values = registry[label], {}
    parents = {link: factory_of(parent)(owner) for parent, link in entity.shows_on.items()}
    if hasattr(entity.model, "on_id"):
        account = make_account(owner=owner)
        values, parents = {"on_entity": "customers.account", "on_id": account.pk}, {"": account}
    record = factory_of(label)(owner, filled=True, **values | {k: v for k, v in parents.items() if k})
    return record, list(parents.values())


def rewritten(record, owner):
    """The record with other values, so that its history tells old and new ones."""
    entity = registry[record.entity_label()]
    for name in entity.form_names:
        if needles(record, name) - in_title(record):
            entity.field(name).put(record, sample(entity.field(name).source, owner))
    entity.save(record, actor=Actor(owner, "test"))
    return entity.model._base_manager.get(pk=record.pk)


def in_title(record):
    """Needles that its name holds: whoever may see a record may know what it is called."""
    title = squeezed(str(record))
    return {
        word for name in registry[record.entity_label()].form_names for word in needles(record, name) if word in title
    }


def needles_of(record):
    """Needle → the field that it gives away."""
    names, known = registry[record.entity_label()].form_names, in_title(record)
    return {word: name for name in names for word in needles(record, name) - known}


def twins(record, words):
    """Fields worked out of others that say the same: no page tells which of them it shows, so rules guard them too."""
    derived = {*registry[record.entity_label()].field_names} & {*record.derived}
    return {name for name in derived if needles(record, name) & words.keys()}


@pytest.fixture
def secret(signed_in, rep, may_everything, rules):
    """``secret(label, "hidden")``: a record with rules on all that gives it away, its surroundings, needle → field."""

    def make(label, mode):
        may_everything()
        old, parents = attached(label, rep)
        words = needles_of(old)
        record = rewritten(old, rep)
        words |= needles_of(record)
        rules(label, set(words.values()) | twins(old, words) | twins(record, words), mode)
        for parent in parents:
            stored = type(parent)._base_manager.get(pk=parent.pk)
            rules(parent.entity_label(), twins(stored, words), mode)
        return record, parents, words

    return make


def readable(record):
    """The pages of a record, and of its entity, that are read."""
    return [page for page in pages(registry[record.entity_label()], record) if "get" in page.methods]


def leaks(text, words):
    text = squeezed(text)
    return {name for word, name in words.items() if word in text}


@every_entity
@both_guards
def test_what_is_guarded_shows_nowhere(signed_in, secret, label, mode):
    record, parents, words = secret(label, mode)
    if not words:
        pytest.skip("It has no field but its name that a page could be searched for.")
    entity, found = registry[label], {}
    columns = ",".join(entity.field_names)
    for page in [*readable(record), *(page for parent in parents for page in readable(parent) if page.name in TELLS)]:
        for tail in {"list": ["", f"?cols={columns}"], "record": ["", "?tab=history"]}.get(page.name, [""]):
            found[page.url + tail] = leaks(text_of(signed_in.get(page.url + tail)), words)
    found["export"] = leaks("\n".join(exported(signed_in, label, f"?cols={columns}")), words)
    found["bulk"] = leaks(text_of(signed_in.post(entity.url("bulk", "edit"), {"selected": [record.pk]})), words)
    assert {url: names for url, names in found.items() if names} == {}


@every_entity
@both_guards
def test_what_is_guarded_finds_nothing(signed_in, secret, label, mode):
    record, _parents, words = secret(label, mode)
    entity = registry[label]
    searched = {name for names in entity.search.values() for name in names}
    for word in [word for word, name in words.items() if name in searched]:
        assert f'"{entity.url("record", record.pk)}"' not in text_of(
            signed_in.get("/search/", {"q": word}, headers=HTMX)
        )
        assert signed_in.get(entity.url("choices"), {"q": word}).json()["results"] == []
        assert signed_in.get(entity.url("counts"), {"q": word}).context["count"] == 0


@every_entity
@both_guards
def test_what_is_guarded_neither_filters_nor_sorts(signed_in, label, mode, rep, may, rules):
    may(rep, label, Scope.ALL)
    entity = registry[label]
    factory_of(label)(rep, filled=True)
    rules(label, {*entity.field_names, *contributed_names(label, compared=True)}, mode)
    page = signed_in.get(entity.url("list"))
    assert page.status_code == 200
    assert page.context["fields"] == []
    shown = [column.name for column in page.context["query"].columns]
    assert shown == ([] if mode == "hidden" else list(entity.columns))
    assert not any(head["sort_url"] for head in page.context["heads"])
    for name in entity.filters:
        test = {"all": [{"field": name, "op": entity.field(name).operators[0], "value": "1"}]}
        bare = [f"?{name}=1"] if name not in RESERVED else []
        for query in (*bare, f"?{name}__filled=1", f"?where={quote(json.dumps(test))}"):
            assert list_query(bind(entity, rep), QueryDict(query[1:]))[0].problems, query
    for name in entity.sortable:
        assert list_query(bind(entity, rep), QueryDict(f"sort={name}"))[0].problems, name
    query = f"?{next(iter(entity.filters))}__filled=1"
    assert signed_in.get(entity.url("list") + query).status_code == 422
    assert signed_in.post(entity.url("export") + query, {"format": "csv"}).status_code == 422


@every_entity
def test_what_is_masked_shows_masked(signed_in, secret, label):
    record, _parents, words = secret(label, "masked")
    if not words:
        pytest.skip("It has no field but its name that a page could be searched for.")
    page = signed_in.get(f"{registry[label].url('list')}?cols={','.join(set(words.values()))}")
    cells = {
        c.name: c.text(r)
        for r in page.context["page"].records
        if r.pk == record.pk
        for c in page.context["query"].columns
    }
    assert all("*" in cells[name] and cells[name] in page.content.decode() for name in words.values() if cells[name])


@every_entity
@every_guard
def test_what_is_guarded_can_not_be_written(signed_in, label, mode, rep, may, rules):
    may(rep, label, Scope.ALL)
    entity, record = registry[label], factory_of(label)(rep, filled=True)
    rules(label, entity.field_names, mode)
    samples = {name: sample(entity.field(name).source, rep) for name in entity.form_names}
    data = {name: getattr(value, "pk", value) for name, value in samples.items() if value is not None}
    before, entries = state(record), Entry.objects.count()
    form = signed_in.get(entity.url("edit", record.pk)).context["form"]
    assert set(form.fields) - {"version"} <= (set() if mode == "hidden" else set(entity.form_names))
    call(signed_in, "post", entity.url("edit", record.pk), data)
    call(signed_in, "post", entity.url("check_record", record.pk), data)
    ticked = {f"change_{name}": "on" for name in entity.bulk_edit}
    call(signed_in, "post", entity.url("bulk", "edit"), data | ticked | {"apply": "1", "selected": [record.pk]})
    for name in entity.form_names:
        answer = signed_in.post(entity.url("cell", record.pk, name), data)
        assert answer.status_code == (404 if mode == "hidden" else 403), name
    assert (state(record), Entry.objects.count()) == (before, entries)


@every_entity
@every_guard
def test_what_is_guarded_is_not_imported(signed_in, label, mode, rep, may, rules):
    if not registry[label].importable:
        pytest.skip("Nothing comes in by file.")
    may(rep, label, Scope.ALL)
    entity = registry[label]
    assert len(text_of(signed_in.get(f"/import/{label}/template.csv")).split(",")) >= len(entity.form_names)
    rules(label, {*entity.field_names, *entity.keys, "owner"}, mode)
    assert text_of(signed_in.get(f"/import/{label}/template.csv")).strip("\ufeff\r\n") == ""


@both_guards
def test_what_was_said_is_guarded_where_it_is_told(signed_in, rep, may, rules, mode):
    for label in registry:
        may(rep, label, Scope.ALL)
    account = make_account(owner=rep)
    add_follow_up(account, kind="call", text="Qsaid", outcome="Qoutcome", actor=Actor(rep, "test"))
    words = {"qsaid": "text", "qoutcome": "outcome"}

    def page():
        return leaks(text_of(signed_in.get(f"/customers/accounts/{account.pk}/")), words)

    assert page() == {"text", "outcome"}
    rules("activities.followup", ["text", "outcome"], mode)
    assert page() == set()
