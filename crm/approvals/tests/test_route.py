"""All, any and in order with random answers, against a slow and obvious oracle."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from crm.approvals import lines
from crm.approvals.people import deputy_of


@dataclass
class One:
    line: int
    position: int
    agreed: bool = False


def people(count: int, mode: str) -> list[One]:
    return [One(*place) for place in lines.lines_of(count, mode)]


def oracle(names: list[int], mode: str, said: list[int]) -> tuple[bool, set[int]]:
    """Play the answers one by one: who may speak, who is heard, when it is over."""
    heard: set[int] = set()
    for name in said:
        done, turn = oracle_state(names, mode, heard)
        if done:
            break
        if name in turn:
            heard.add(name)
    return oracle_state(names, mode, heard)


def oracle_state(names, mode, heard):
    if mode == "all":
        return heard == set(names), set(names) - heard
    if mode == "any":
        return bool(heard) or not names, set(names) - heard
    rest = [name for name in names if name not in heard]
    return not rest, set(rest[:1])


@given(st.integers(0, 6), st.sampled_from(lines.MODES), st.lists(st.integers(0, 5), max_size=20))
def test_a_node_is_complete_when_the_oracle_says_so(count, mode, said):
    tasks = people(count, mode)
    for name in said:
        if lines.is_complete(tasks, mode):
            break
        if name < count and tasks[name] in lines.whose_turn(tasks):
            tasks[name].agreed = True
    done, turn = oracle(list(range(count)), mode, said)
    assert lines.is_complete(tasks, mode) == done
    if not done:
        assert {tasks.index(one) for one in lines.whose_turn(tasks)} == turn


@given(st.sampled_from(lines.MODES), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_who_is_added_must_sign_too_in_the_right_order(mode, count, which, after):
    tasks = people(count, mode)
    own = tasks[which % count]
    for later in tasks:
        if later.line == own.line and later.position > own.position:
            later.position += 1
    added = One(own.line, own.position + 1 if after else own.position)
    if not after:
        own.position += 1
    tasks.append(added)
    order = []
    while not lines.is_complete(tasks, "all"):
        one = lines.whose_turn(tasks)[0]
        one.agreed = True
        order.append(id(one))
    assert (order.index(id(own)) < order.index(id(added))) == after
    assert len(order) == count + 1


@given(st.dictionaries(st.integers(0, 6), st.one_of(st.none(), st.integers(0, 6))), st.integers(0, 6))
def test_deputies_of_deputies_end_with_somebody_who_is_there(gone, person):
    gone = {who: deputy for who, deputy in gone.items() if who != deputy}
    found = deputy_of(person, gone)
    assert found is None or (found not in gone and found != person)
    if gone.get(person) is not None and gone[person] not in gone:
        assert found == gone[person]
