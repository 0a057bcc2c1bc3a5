"""Checklists: a step a line, ``[x]`` before those that are done. Plain text, so that every door reads and writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm.activities.models import Task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict

LINE = re.compile(r"^\s*(?:[-*•]\s*)?\[( |x|X|✓|√)?\]\s*")


@dataclass(frozen=True)
class Step:
    """One line: its number in the text, its words, whether it is done."""

    number: int
    text: str
    done: bool


def steps_of(text: str) -> list[Step]:
    """The steps of a checklist; empty lines are none."""
    return [_step(number, line) for number, line in enumerate(text.splitlines()) if line.strip()]


def _step(number: int, line: str) -> Step:
    found = LINE.match(line)
    done = bool(found and (found[1] or " ") != " ")
    return Step(number, line[found.end() :].strip() if found else line.strip(), done)


def unticked(text: str) -> str:
    """The same steps, none of them done."""
    return "\n".join(step.text for step in steps_of(text))


def tick_step(task: Task, number: int, words: str, *, done: bool, actor: Actor) -> Task:
    """Tick one step off, or take it up again. Conflict where that line says something else by now."""
    step = next((one for one in steps_of(task.checklist) if one.number == number), None)
    if step is None or step.text != words:
        raise Conflict(task)
    lines = task.checklist.splitlines()
    lines[number] = f"[x] {step.text}" if done else step.text
    task.checklist = "\n".join(lines)
    records.save(task, actor=actor)
    return task
