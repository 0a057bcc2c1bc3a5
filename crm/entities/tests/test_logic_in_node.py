"""The rules in the browser and on the server say the same: the script under node against Python, on random rules and records."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from crm.customfields.logic import Logic, Narrowing, Rule, judge, key_of
from crm.customfields.models import Cascade, Effect, LogicRule
from crm.entities.ruled import LIVE, as_reader, as_value
from crm.fields.conditions import Group, Reader, Test
from crm.fields.kinds import OPERATORS, arity

SCRIPT = Path(__file__).parents[3] / "static/js/logic_eval.js"
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 31, 15, 4, 5, 678, tzinfo=ZONE)
LETTERS = "aAbBßéÉзЗ上海İıσΣ 1_%\\'\"ﬁ"
KINDS = sorted(LIVE - {"address"})
RUN = """
import { judge, passes } from %s
let text = ""
for await (const part of process.stdin) text += part
const out = JSON.parse(text).map(({ where, data, values, reader }) => {
  if (where) return passes(where, values, reader)
  const found = judge(data, values)
  const sets = Object.fromEntries(["hidden", "cleared", "required", "readonly"].map((n) => [n, [...found[n]].sort()]))
  return { ...sets, only: found.only, barred: found.barred, invalid: found.invalid.map((r) => r.message), defaults: found.defaults }
})
process.stdout.write(JSON.stringify(out))
"""


@dataclass(frozen=True)
class Column:
    """A field whose values lie in a plain dictionary."""

    name: str
    kind: str
    built_in = False

    def raw(self, record):
        return record.held.get(self.name)

    def put(self, record, value):
        record.held = {**record.held, self.name: value}


class Held:
    def __init__(self, held):
        self.held = held


class Book(Logic):
    """Rules over such fields."""

    def field(self, name):
        return COLUMNS[name]


COLUMNS = {f"{kind}{n}": Column(f"{kind}{n}", kind) for kind in KINDS for n in (1, 2)}


def some_day(dice):
    return date(2026, 3, 31) + timedelta(
        days=dice.choice([0, 1, -1, 2, 7, -7, 30, -31, 90, 365, -400, dice.randint(-900, 900)])
    )


def some(dice, kind):
    """A value of the kind, not empty."""
    match kind:
        case "choice":
            return dice.choice("abc")
        case "multichoice":
            return sorted(dice.sample("abcd", dice.randint(1, 3)))
        case "record" | "user":
            return dice.randint(1, 4)
        case "boolean":
            return dice.random() < 0.5
        case "integer":
            return dice.choice([0, 1, -1, 10, 9, 2**60, dice.randint(-99, 99)])
        case "number" | "money" | "percent":
            return Decimal(dice.choice(["0", "0.00", "-0.5", "1", "1.0", "1.00", "10", "9.99", "123456789012345.678"]))
        case "date":
            return some_day(dice)
        case "datetime":
            clock = timedelta(
                hours=dice.choice([0, 12, 15, 23]), minutes=dice.choice([0, 4, 59]), seconds=dice.choice([0, 5])
            )
            return datetime.combine(some_day(dice), datetime.min.time(), tzinfo=ZONE) + clock
    return "".join(dice.choices(LETTERS, k=dice.randint(0, 4)))


def given_for(dice, kind, op):
    if op.endswith("_days"):
        return (dice.choice([0, 1, 7, 30, 365]),)
    if kind == "datetime":
        return tuple(some_day(dice) for _n in range(arity(op)))
    takes = arity(op)
    count = dice.randint(1, 3) if takes == "many" else takes
    pick = (lambda: dice.choice("abc")) if kind == "multichoice" else lambda: some(dice, kind)
    found = [pick() for _n in range(count)]
    return tuple(v if v != "" else "a" for v in found)


def some_test(dice):
    column = COLUMNS[dice.choice(sorted(COLUMNS))]
    op = dice.choice(OPERATORS[column.kind])
    return Test(column, op, given_for(dice, column.kind, op))


def some_group(dice, depth=0):
    nodes = [
        some_group(dice, depth + 1) if depth < 2 and dice.random() < 0.3 else some_test(dice)
        for _n in range(dice.randint(0, 3))
    ]
    return Group(tuple(nodes), any=dice.random() < 0.5)


def some_record(dice):
    return Held(
        {
            name: None if dice.random() < 0.25 and c.kind != "boolean" else some(dice, c.kind)
            for name, c in COLUMNS.items()
        }
    )


def as_tree(node):
    if isinstance(node, Group):
        return {"any": node.any, "nodes": [as_tree(one) for one in node.nodes]}
    kind = node.field.kind
    return {"field": node.field.name, "kind": kind, "op": node.op, "given": [as_value(kind, v) for v in node.values]}


def as_values(record):
    return {name: as_value(column.kind, record.held.get(name)) for name, column in COLUMNS.items()}


def run(cases):
    node = shutil.which("node")
    if node is None:
        pytest.skip("There is no node to run the script with.")
    program = RUN % json.dumps(SCRIPT.as_uri())
    done = subprocess.run(
        [node, "--input-type=module", "-e", program],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def in_shanghai():
    with timezone.override(ZONE):
        yield


def a_reader(dice):
    return Reader(
        dice.randint(1, 4), tuple(dice.sample(range(1, 5), 2)), NOW + timedelta(days=dice.choice([0, -90, 276, 61]))
    )


def test_every_operator_of_every_kind_has_the_verdict_of_the_server():
    dice = random.Random(20261122)
    cases, expected = [], []
    for kind in KINDS:
        for op in OPERATORS[kind]:
            for _n in range(60):
                record, reader = some_record(dice), a_reader(dice)
                test = Test(COLUMNS[f"{kind}1"], op, given_for(dice, kind, op))
                cases.append(
                    {
                        "where": {"any": False, "nodes": [as_tree(test)]},
                        "values": as_values(record),
                        "reader": as_reader(reader),
                    }
                )
                expected.append(test.holds(record, reader))
    wrong = [(case["where"], e) for case, e, got in zip(cases, expected, run(cases), strict=True) if e != got]
    assert not wrong, wrong[:5]
    assert 0.2 < sum(expected) / len(expected) < 0.8


def test_nested_conditions_have_the_verdict_of_the_server():
    dice = random.Random(7)
    cases, expected = [], []
    for _n in range(1500):
        group, record, reader = some_group(dice), some_record(dice), a_reader(dice)
        cases.append({"where": as_tree(group), "values": as_values(record), "reader": as_reader(reader)})
        expected.append(group.holds(record, reader))
    assert run(cases) == expected


def some_rule(dice, number):
    effect = dice.choice(Effect.values)
    choices = ["choice1", "choice2", "multichoice1"]
    names = (dice.choice(choices if effect in {"options", "offered"} else sorted(COLUMNS)),)
    if effect in {"visible", "readonly"} and dice.random() < 0.3:
        names = tuple(sorted(dice.sample(sorted(COLUMNS), 3)))
    target = names[0] if len(names) == 1 else f"section:{number % 3}"
    where = some_group(dice)
    if effect == "readonly" and dice.random() < 0.5:
        kind = COLUMNS[names[0]].kind
        op = dice.choice(OPERATORS[kind])
        where = Group((Test(COLUMNS[names[0]], op, given_for(dice, kind, op)),))
    stored = LogicRule(
        target=target, effect=effect, clear=dice.random() < 0.5, message_zh=str(number), value=str(number)
    )
    watched = frozenset({*names, *(test.field.name for test in where.tests())})
    return Rule(stored, names, where, watched, frozenset(dice.sample("abc", dice.randint(0, 2))), str(number))


def as_data(logic, before, reader):
    rules = [
        {
            "target": r.stored.target,
            "names": list(r.names),
            "effect": r.effect,
            "where": as_tree(r.where),
            "options": sorted(r.options),
            "message": r.stored.message_zh,
            "clear": r.stored.clear,
            "value": r.value,
        }
        for r in logic.rules
    ]
    narrowings = [
        {"field": n.field.name, "by": n.by.name, "matrix": {k: sorted(v) for k, v in n.matrix.items()}}
        for n in logic.narrowings
    ]
    stored = {} if before is None else as_values(before)
    return {
        "rules": rules,
        "narrowings": narrowings,
        "adding": before is None,
        "stored": stored,
        "reader": as_reader(reader),
    }


def some_logic(dice):
    made = Book(object, [some_rule(dice, number) for number in range(dice.randint(1, 8))])
    matrix = {key: frozenset(dice.sample("abc", dice.randint(0, 2))) for key in dice.sample(["a", "b", "c", ""], 2)}
    made.narrowings = [Narrowing(Cascade(), COLUMNS["choice2"], COLUMNS["choice1"], matrix)]
    if dice.random() < 0.5:
        by = {key_of(n): frozenset("ab") for n in (1, True, None)}
        made.narrowings.append(
            Narrowing(Cascade(), COLUMNS["multichoice1"], COLUMNS[dice.choice(["record1", "boolean1"])], by)
        )
    return made


def test_whole_verdicts_are_those_of_the_server():
    dice = random.Random(42)
    cases, expected = [], []
    for _n in range(1200):
        logic, record, reader = some_logic(dice), some_record(dice), a_reader(dice)
        before = some_record(dice) if dice.random() < 0.7 else None
        said = judge(logic, record, before, replace(reader))
        cases.append({"data": as_data(logic, before, reader), "values": as_values(record)})
        expected.append(
            {
                **{name: sorted(getattr(said, name)) for name in ("hidden", "cleared", "required", "readonly")},
                "only": {name: sorted(row) for name, row in said.only.items()},
                "barred": {name: sorted(row) for name, row in said.barred.items() if row},
                "invalid": [rule.stored.message_zh for rule in said.invalid],
                "defaults": said.defaults,
            }
        )
    found = run(cases)
    for verdict in found:
        verdict["only"] = {name: sorted(row) for name, row in verdict["only"].items()}
        verdict["barred"] = {name: sorted(row) for name, row in verdict["barred"].items()}
    wrong = [(e, got) for e, got in zip(expected, found, strict=True) if e != got]
    assert not wrong, wrong[:2]
    assert sum(bool(e["hidden"]) for e in expected) > 100
