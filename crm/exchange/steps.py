"""What the pages of an import show: the steps, the columns, the values, the verdicts."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.exchange.forms import ORDERS
from crm.exchange.importing.cleaning import Choices
from crm.exchange.importing.makers import can_make, container_of
from crm.exchange.importing.plan import CREATE, EMPTY, REJECT, Column, Link
from crm.exchange.importing.source import table_of
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import
from crm.lib.text import fold

OFFERED = 60


def steps(run: Import, here: str) -> list[dict]:
    """The bar of steps; a step is a link once it has been reached."""
    names = [
        ("reading", _("Read the file")),
        ("columns", _("Match the columns")),
        ("values", _("Match the values")),
        ("check", _("Check and start")),
    ]
    return [
        {"label": label, "url": reverse(f"exchange:{name}", args=[run.pk]), "active": name == here}
        for name, label in names
    ]


def first_rows(run: Import) -> list[tuple[int, list[str]]]:
    """A few rows as they are read now."""
    return [(line, [cell[:80] for cell in cells[:20]]) for line, cells in islice(table_of(run).rows, 10)]


def column_rows(run: Import, target: Target) -> list[dict]:
    """One row a column: what it holds and what becomes of it."""
    rows = []
    for entry in run.mapping:
        column = Column(**entry)
        field = target.fields.get(column.field)
        look = run.analysis["columns"][column.index]
        rows.append(
            {
                "column": column,
                "look": look,
                "field": field,
                "orders": ORDERS if field and field.kind in {"date", "datetime"} else (),
                "missing": missing_options(target, field)
                if field and field.kind in {"choice", "record", "user"}
                else (),
                "places": places(field) if field else (),
                "place": column.within,
            }
        )
    return rows


def missing_options(target: Target, field: Any) -> list[tuple[str, str]]:
    """What may happen with texts that name nothing."""
    left = _("fall to me, listed") if field.name == "owner" else _("leave empty, listed")
    found = [(EMPTY, left), (REJECT, _("reject the row"))]
    return [*found, (CREATE, _("create new ones"))] if field.link and can_make(target.user, field.link) else found


def places(field: Any) -> list[tuple[int, str]]:
    """The containers in which new ones of a link may be made: the pipelines of a stage."""
    container = container_of(field.link) if field.link else None
    return (
        [(place.pk, str(place)) for place in container.related_model._default_manager.all()[:OFFERED]]
        if container
        else []
    )


def lacking(run: Import, target: Target) -> list[dict]:
    """Required fields without a column: which may be put together, and which keep rows from being created."""
    filled = {entry["to"].removeprefix("field:") for entry in run.mapping}
    fresh = target.new()
    found = []
    for field in target.fields.values():
        if field.required and field.name not in filled and not field.field.filled(fresh):
            fillable = not field.link and field.kind == "text"
            found.append(
                {"field": field, "fillable": fillable, "chosen": run.options.get("fill", {}).get(field.name, [])}
            )
    return found


def value_groups(run: Import, target: Target) -> list[dict]:
    """For each column of choices or links with few values: its values, what they were found to be, what else they may be."""
    groups = []
    for entry in run.mapping:
        column = Column(**entry)
        field = target.fields.get(column.field)
        distinct = run.analysis["columns"][column.index]["distinct"]
        if field is None or not distinct or field.kind not in {"choice", "record", "user"}:
            continue
        texts = [text for text, _count in distinct]
        found, options = _of_link(column, target, texts) if field.link else _of_choice(field, texts)
        values = column.values or {}
        rows = [
            {
                "number": n,
                "text": text,
                "count": count,
                "found": found.get(text, ""),
                "pick": values.get(fold(text), ""),
            }
            for n, (text, count) in enumerate(distinct)
        ]
        rows.sort(key=lambda row: bool(row["found"]))
        groups.append(
            {
                "column": column,
                "field": field,
                "rows": rows,
                "options": options,
                "actions": missing_options(target, field),
                "open": sum(not row["found"] for row in rows),
                "fallback": dict(missing_options(target, field)).get(column.missing, ""),
            }
        )
    groups.sort(key=lambda group: not group["open"])
    return groups


def _of_choice(field: Any, texts: list[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    known, labels = Choices(field.field), {str(value): label for value, label in field.field.choices}
    return {text: labels.get(str(known.find(text)), "") for text in texts}, list(labels.items())


def _of_link(column: Column, target: Target, texts: list[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    link = Link(column, target)
    found = {text: str(records[0]) for text, records in link.finder.find(texts).items() if len(records) == 1}
    rows = list(link.finder.rows[: OFFERED + 1])
    return found, [(str(row.pk), str(row)) for row in rows] if len(rows) <= OFFERED else []
