"""Suggestions beside the fields of a form while somebody types. Rooms above say what they know: ``set_hinter``.

A hint is only shown: the person takes it into the form by a click, and saves like anything else they typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from crm.entities.bound import BoundEntity
from crm.entities.forms import EntityForm

MOST = 6


@dataclass(frozen=True)
class Hint:
    """``raw`` is the value as the field's control takes it, ``shown`` as people read it; ``why`` where it comes from."""

    field: str
    label: str
    raw: str
    shown: str
    why: str


Hinter = Callable[[BoundEntity, Any], Iterable[Hint]]
_hinters: list[Hinter] = []


def set_hinter(fn: Hinter) -> Hinter:
    """Let ``fn(bound, record)`` suggest values for a record that is being typed, within what the user may know."""
    _hinters[:] = [fn]
    return fn


def hints_of(form: EntityForm) -> list[Hint]:
    """What may be suggested for what was typed: only for fields of the form that are empty and free of errors."""
    form.errors  # noqa: B018  (cleans the form, so that the instance holds what was typed)
    hidden = form.verdict.hidden | form.verdict.readonly if form.logic else set()
    free = {name for name in form.names if name not in hidden and not form.data.get(form.add_prefix(name))}
    found = (hint for hinter in _hinters for hint in hinter(form.bound, form.instance))
    return [hint for hint in found if hint.field in free and len(hint.raw) <= 2000][:MOST]
