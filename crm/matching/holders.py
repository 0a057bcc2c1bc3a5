"""What the house tells of a record that somebody may not see: whose it is and how far it is, never a value of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from crm.matching.rules import Rules
from crm.users.models import Department, User

StageOf = Callable[[Sequence[Any]], dict[int, str]]
_stages: dict[str, StageOf] = {}
# In what order parts of the answer stand.
SEPARATOR = " · "


def stage_of(label: str) -> Callable[[StageOf], StageOf]:
    """Decorator: ``fn(records)`` tells in a word how far each record of the entity is, by id; where the house tells it at all."""

    def add(fn: StageOf) -> StageOf:
        _stages[label] = fn
        return fn

    return add


def told_of(records: Iterable[Any], rules: Rules) -> dict[tuple[str, int], str]:
    """The answer about each record that is in somebody's way: “张三 is working on it · stage 报价”; at most that."""
    by_label: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        by_label[record._meta.label_lower].append(record)
    owners = User.objects.in_bulk({record.owner_id for rows in by_label.values() for record in rows} - {None})
    told = {}
    for label, rows in by_label.items():
        policy = rules.policy(label)
        stages = _stages[label](rows) if policy.tell_stage and label in _stages else {}
        departments = _departments(rows) if policy.tell_department else {}
        for record in rows:
            if record.owner_id is None:
                told[label, record.pk] = _("It lies in a pool; whoever keeps that pool can assign it")
                continue
            name = str(owners[record.owner_id]) if policy.tell_owner else ""
            told[label, record.pk] = answer(name, departments.get(record.department_id, ""), stages.get(record.pk, ""))
    return told


def answer(owner: str, department: str, stage: str) -> str:
    """The sentence, as much of it as is told."""
    who = owner or department
    if not who:
        begun = _("A colleague is working on it")
    elif owner and department:
        begun = _("%(name)s (%(department)s) is working on it") % {"name": owner, "department": department}
    else:
        begun = _("%(name)s is working on it") % {"name": who}
    return _("%(answer)s, stage: %(stage)s") % {"answer": begun, "stage": stage} if stage else begun


def _departments(records: Sequence[Any]) -> dict[int, str]:
    found = Department.objects.in_bulk({record.department_id for record in records} - {None})
    return {pk: str(department) for pk, department in found.items()}
