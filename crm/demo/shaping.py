"""The demo company as admins may have shaped it: custom fields with values, layouts, dynamic rules, automation.

It is for measuring (``manage.py bench --shaped``): the pages must stay within their budgets with all of it. Everything is made
by the services behind the pages of the administration; only the values come set-wise, before the jobs that index them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from crm.customfields import layouts
from crm.customfields.models import CustomField, LogicRule, Surface
from crm.customfields.services import change_field, define_field
from crm.demo.shapes import COLUMNS, FIELDS, LOGIC, RULES, SEARCHED, Shape
from crm.entities.arranged import default_parts
from crm.entities.entity import registry
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.records.actor import Actor
from crm.users.models import User
from crm.workflows import services as workflows
from crm.workflows.models import Rule


def is_shaped() -> bool:
    """Whether it has been done in this database."""
    return CustomField.objects.filter(entity=FIELDS[0].entity, code=FIELDS[0].code).exists()


def shape(admin: User, say: Callable[[str], None]) -> None:
    """Define all of it as ``admin``, fill in the values and do the jobs that follow."""
    actor = Actor(admin, "demo")
    stored = [shape for shape in FIELDS if shape.value]
    _define(stored, actor)
    for label in dict.fromkeys(shape.entity for shape in stored):
        say(f"values of {_fill(label, [shape for shape in stored if shape.entity == label])} {label}")
    _define([shape for shape in FIELDS if not shape.value], actor)
    for label, code in SEARCHED:
        change_field(CustomField.objects.get(entity=label, code=code), actor=actor, searchable=True)
    _arrange(actor)
    _automate(admin)
    _work(say)
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def _define(shapes: list[Shape], actor: Actor) -> None:
    for one in shapes:
        options = [{"value": value, "label_zh": zh, "label_en": value} for value, zh in one.options]
        define_field(one.entity, one.kind, one.code, one.zh, one.en, actor=actor, options=options, **one.settings)


def _fill(label: str, shapes: list[Shape]) -> int:
    """Give every record its values in one statement; how many records."""
    table = connection.ops.quote_name(registry[label].model._meta.db_table)
    pairs = ", ".join(f"'{one.code}', {one.value}" for one in shapes)
    with connection.cursor() as cursor:
        cursor.execute(f"update {table} set custom = custom || jsonb_build_object({pairs})")
        return cursor.rowcount


def _arrange(actor: Actor) -> None:
    """The form and the facts as they are offered, in one column less; lists with columns of the new fields."""
    for label, codes in COLUMNS.items():
        entity = registry[label]
        names = (*entity.columns, *(f"custom.{code}" for code in codes))
        layouts.arrange(label, Surface.LIST, [layouts.Part("all", fields=names)], actor=actor)
        for surface in (Surface.FORM, Surface.FACTS):
            layouts.arrange(label, surface, default_parts(entity, surface), actor=actor)
    for position, (label, target, effect, more) in enumerate(LOGIC, 1):
        rule = LogicRule(entity=label, target=target, effect=effect, position=position, **more)
        rule.full_clean()
        rule.save()
    layouts.forget()


def _automate(admin: User) -> None:
    actor = Actor(admin)
    for number, (label, name, trigger, condition, steps) in enumerate(RULES, 1):
        rule = Rule.objects.create(name=name, entity=label, principal=admin, position=100 + number)
        workflows.save_version(rule, trigger=trigger, condition=condition, steps=steps, actor=actor)
        workflows.switch(rule, True, actor=actor)


def _work(say: Callable[[str], None]) -> None:
    """Do what waits, as a worker would."""
    waiting: Any = Job.objects.filter(state=Job.State.QUEUED, kind__in=KINDS).order_by("pk")
    for job in list(waiting):
        run(job.pk)
        job.refresh_from_db()
        say(f"{job.title}: {job.get_state_display()}")


KINDS = ("customfields.index", "customfields.recompute", "search.rebuild")
