"""What holds for every entity holds for one that an admin made: the same tests, run on it."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import pytest

from crm.access.models import Scope
from crm.customentities import registering
from crm.customentities.services import define_entity
from crm.customfields import definitions
from crm.entities.entity import forget
from crm.entities.testing import define_customs
from crm.entities.tests import test_contracts, test_contracts_fields, test_contracts_hostile
from crm.entities.tests.conftest import *  # noqa: F403 - the same fixtures
from crm.records.actor import Actor

LABEL = "customentities.survey"
STAGES = ({"name_zh": "待办", "name_en": "To do"}, {"name_zh": "完成", "name_en": "Done", "closes": True})
FIELDS = [(LABEL, "name"), (LABEL, "stage"), (LABEL, "owner"), (LABEL, "number"), (LABEL, "created_at")]


@pytest.fixture(autouse=True)
def customised(db) -> Iterator[None]:
    """In the place of the others' fixture of that name: the entity, then the same fields on it."""
    actor = Actor(None, "test")
    define_entity(
        "survey", "现场勘测", name_en="Site survey", plural_en="Site surveys", prefix="SV", stages=STAGES, actor=actor
    )
    define_customs(LABEL, actor)
    yield
    registering._definitions.clear()
    registering._state["version"] = None
    forget(LABEL)
    definitions.assume_none()


@pytest.fixture
def everything(signed_in, rep, may):  # noqa: F811
    """All rights on this entity."""
    may(rep, LABEL, Scope.ALL)
    return signed_in


def again(test: Any) -> Any:
    """The same test with this entity in the place of all."""
    copied = types.FunctionType(test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__)
    copied.__kwdefaults__, marks = test.__kwdefaults__, []
    for mark in test.pytestmark:
        names = mark.args[0] if mark.name == "parametrize" else ""
        if names == "label":
            marks.append(pytest.mark.parametrize("label", [LABEL]).mark)
        elif names == ("label", "name"):
            marks.append(pytest.mark.parametrize(names, FIELDS).mark)
        else:
            marks.append(mark)
    copied.pytestmark = [pytest.mark.django_db.mark, *marks]
    return copied


def _takes_label(test: Any) -> bool:
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    return any("label" in mark.args[0] for mark in marks)


def borrow() -> dict[str, Any]:
    """The fixtures of the contracts, and the tests that are about an entity."""
    found = {}
    for module in (test_contracts_fields, test_contracts_hostile, test_contracts):
        for name, thing in vars(module).items():
            if name.startswith("test_") and _takes_label(thing):
                found[name] = again(thing)
            elif type(thing).__name__ == "FixtureFunctionDefinition":
                found[name] = thing
    return found


globals().update({name: thing for name, thing in borrow().items() if name not in globals()})
