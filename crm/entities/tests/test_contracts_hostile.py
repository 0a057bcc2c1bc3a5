"""Nothing that anybody sends breaks a page: what is not understood is refused, the rest is kept as it was meant."""

from __future__ import annotations

import json
from itertools import product
from urllib.parse import quote

import pytest
from django.http import QueryDict

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.listviews import list_query
from crm.entities.testing import LABELS, every_entity, factory_of, state, various_entities

pytestmark = pytest.mark.django_db
LONG = "9" * 5000
DEEP = '{"all": [' * 3000 + "]}" * 3000
TEXTS = [
    "\x00",
    "%ED%A0%80",
    LONG,
    "-1",
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
    "2026-02-30",
    "NaN",
    "1e999",
    "١٢٣",
    "'; --",
    str(2**63),
]
VALUES = [
    None,
    True,
    -1,
    2**63,
    2**31,
    1.5,
    float("nan"),
    float("inf"),
    [],
    {},
    [[1]],
    [{"a": 1}],
    ["", None],
    {"a": 1},
    "a\x00",
    "\ud800",
    *TEXTS,
]
PLACES = ("q", "where", "sort", "cols", "after", "before", "view", "tab", "pipeline", "partial", "group")
ALONE = [
    "%00",
    "%ED%A0%80",
    "%FF",
    LONG,
    quote(DEEP),
    quote('{"all": {}}'),
    quote('{"all": [null]}'),
    "[]",
    "NaN",
    "-",
    "%F0%9F%98%80",
]


def by_kind():
    """(kind, entity, field) of one filter of each kind, and of one field to fill in."""
    filters, inputs = {}, {}
    for label in LABELS:
        entity = registry[label]
        for name in entity.filters:
            filters.setdefault(entity.field(name).kind, (label, name))
        for name in entity.form_names:
            inputs.setdefault(entity.field(name).kind, (label, name))
    return [(*found,) for found in filters.values()], [(*found,) for found in inputs.values()]


FILTERS, INPUTS = by_kind()


@pytest.fixture
def everything(signed_in, may_everything):
    may_everything()
    return signed_in


def answers(client, method, *args):
    response = getattr(client, method)(*args)
    assert response.status_code < 500, args
    return response


@various_entities
def test_lists_survive_any_address(everything, rep, label):
    entity, record = registry[label], factory_of(label)(rep)
    for place, value in product(PLACES, ALONE):
        query = list_query(bind(entity, rep), QueryDict(f"{place}={value}"))[0]
        assert len(list(query.rows()[:2])) <= 1
    for value in ALONE:
        rest = "&".join(f"{place}={value}" for place in ("cols", "tab", "group"))
        answers(everything, "get", f"{entity.url('list')}?{rest}&after={value}")
        answers(everything, "get", f"{entity.url('choices')}?q={value}")
        answers(everything, "get", f"{entity.url('record', record.pk)}?tab={value}&before={value}")
        answers(everything, "get", f"{entity.url('history', record.pk)}?before={value}&group={value}")
        answers(everything, "get", f"{entity.url('add')}?" + "&".join(f"{name}={value}" for name in entity.form_names))
    assert answers(everything, "get", entity.url("record", 10**30)).status_code == 404


@pytest.mark.parametrize(("label", "name"), FILTERS)
def test_conditions_survive_any_value(everything, rep, label, name):
    factory_of(label)(rep, filled=True)
    bound = bind(registry[label], rep)
    for op, value in product(bound.field(name).operators, VALUES):
        condition = json.dumps({"all": [{"field": name, "op": op, "value": value}]})
        address = [f"{name}__{op}={quote(value)}"] if isinstance(value, str) and value.isprintable() else []
        for query in [f"where={quote(condition)}", *address]:
            found = list_query(bound, QueryDict(query))[0]
            assert found.problems or len(list(found.rows()[:2])) <= 2, query[:200]
            if not found.problems:
                assert found.chips(), query[:200]


@pytest.mark.parametrize(
    "node", [1, "x", [], {}, {"all": 1}, {"all": [1]}, {"all": [{"field": [], "op": {}}]}, {"all": [], "any": []}]
)
def test_conditions_survive_any_shape(everything, rep, node):
    for label in LABELS:
        query = list_query(bind(registry[label], rep), QueryDict(f"where={quote(json.dumps(node))}"))[0]
        assert query.problems and not query.rows().exists()


@pytest.mark.parametrize("op", [[], {}, 1, None, "nonsense", "__", "exact", "regex"])
def test_operators_are_those_of_the_field(everything, rep, op):
    for label, name in FILTERS:
        node = {"all": [{"field": name, "op": op, "value": "1"}]}
        assert answers(everything, "get", f"{registry[label].url('counts')}?where={quote(json.dumps(node))}")


@pytest.mark.parametrize(("label", "name"), INPUTS)
def test_inputs_survive_any_value(everything, rep, label, name):
    record = factory_of(label)(rep, filled=True)
    url = registry[label].url("cell", record.pk, name)
    for value in [*TEXTS, "x" * 1_000_000, "a\nb\x0bc\u2028d\u202ee", "<script>", ["1", "2"], ["", "\x00"]]:
        answers(everything, "post", url, {name: value})
    body = f"{name}=%ED%A0%80&{name}=%FF%FE%00".encode()
    assert everything.post(url, body, content_type="application/x-www-form-urlencoded").status_code < 500


@every_entity
def test_forms_survive_any_value(everything, rep, label):
    entity, record = registry[label], factory_of(label)(rep)
    before = state(record)
    for value in ("\x00", LONG, "NaN", "0001-01-01", "-1"):
        data = dict.fromkeys([*entity.form_names, "version", "confirm"], value)
        for url in (entity.url("add"), entity.url("edit", record.pk), entity.url("check"), entity.url("bulk", "edit")):
            answers(everything, "post", url, {**data, "apply": "1", "selected": value, "all": "", "query": value})
        for action in entity.all_actions if value == "NaN" else entity.actions:  # verbs of every entity once
            answers(everything, "post", entity.url("action", record.pk, action.name), {"version": value})
        if entity.board:
            answers(everything, "post", entity.url("move", record.pk), {"to": value, "version": value})
    assert state(record)["owner_id"] == before["owner_id"]
