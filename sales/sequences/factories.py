"""Sequences for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import some_user
from sales.sequences.models import Sequence
from sales.sequences.steps import write_steps

STEPS = (
    ("mail", 0, "days", "关于供水泵组的选型", "{{ record.name }}，您好：\n\n附上同行业的选型案例，供您参考。\n\n{{ me.name }}"),
    ("call", 2, "days", "电话回访 {{ record.title }}", "确认邮件是否收到，约现场勘察。"),
    ("mail", 3, "days", "", "{{ record.name }}，您好：\n\n本周方便通十五分钟电话吗？\n\n{{ me.name }}"),
)  # fmt: skip


def make_sequence(steps: Any = STEPS, **values: Any) -> Sequence:
    """A saved sequence with steps: (kind, wait, unit, subject, text)."""
    owner = some_user(values.pop("owner", None))
    sequence = Sequence(owner=owner, **{"name": "新线索跟进", "hours": "always", **values})
    actor = Actor(owner, "factory")
    records.save(sequence, actor=actor)
    names = ("kind", "wait", "unit", "subject", "body")
    write_steps(sequence, [{"template": None, **dict(zip(names, row, strict=True))} for row in steps], actor=actor)
    return sequence
