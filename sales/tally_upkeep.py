"""Keeping tallies short, and proving them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

from sales.models.tally import Tally


def _tallies() -> list[type[Tally]]:
    return [model for model in apps.get_models() if issubclass(model, Tally)]


def fold() -> int:
    """Make the rows of one key one; how many went. Readers and writers go on meanwhile."""
    return sum(_fold(model) for model in _tallies())


def _fold(model: type[Tally]) -> int:
    keys, sums = ", ".join(model.keys), ", ".join(model.sums)
    added, something = ", ".join(f"sum({s})" for s in model.sums), " or ".join(f"sum({s}) <> 0" for s in model.sums)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""with many as (select unnest(array_agg(id)) as id from {table} group by {keys} having count(*) > 1),
            gone as (delete from {table} as t using many where t.id = many.id returning t.*),
            made as (insert into {table} ({keys}, {sums}) select {keys}, {added} from gone group by {keys} having {something})
            select count(*) from gone"""
        )
        return cursor.fetchone()[0]


def rebuild() -> None:
    """Count everything anew; writers wait meanwhile."""
    with connection.cursor() as cursor:
        for app in sorted({model._meta.app_label for model in _tallies()}):
            cursor.execute(f"select {app}_tally_again()")


def wrong() -> int:
    """How many keys differ from what counting the rows gives: 0, or a defect."""
    with connection.cursor() as cursor:
        return sum(_wrong(cursor, model) for model in _tallies())


def _wrong(cursor: Any, model: type[Tally]) -> int:
    keys, added = ", ".join(model.keys), ", ".join(f"sum({s})" for s in model.sums)
    something = " or ".join(f"sum({s}) <> 0" for s in model.sums)
    table = connection.ops.quote_name(model._meta.db_table)
    cursor.execute(
        f"""with kept as (select {keys}, {added} from {table} group by {keys} having {something}),
        counted as (select * from {model.counted}())
        select count(*) from ((table kept except table counted) union (table counted except table kept)) as differing"""
    )
    return cursor.fetchone()[0]
