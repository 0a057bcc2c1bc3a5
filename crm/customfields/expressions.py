"""Custom values in SQL: typed expressions over the JSON column, written so that an expression index serves them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import DecimalField, F, Func, IntegerField, JSONField, TextField, Value

DIGITS = 40


def path_of(links: str) -> F:
    """The JSON column of the record, or of the one that the links lead to."""
    return F(f"{links}__custom" if links else "custom")


def text(links: str, code: str) -> Func:
    """The value as text; codes are ours, so that they may stand in the statement and an index can be the same expression."""
    return Func(path_of(links), template=f"(%(expressions)s ->> '{code}')", output_field=TextField())


def number(links: str, code: str, decimals: int) -> Func:
    """The value as a number; null where it is none, whatever was written there."""
    field: Any = DecimalField(max_digits=DIGITS, decimal_places=decimals)
    return Func(path_of(links), template=f"crm_number(%(expressions)s ->> '{code}')", output_field=field)


def truth(links: str, code: str) -> Func:
    """'true' or 'false'; nothing said is false, no record is null."""
    template = f"coalesce(%(expressions)s ->> '{code}', case when %(expressions)s is not null then 'false' end)"
    return Func(path_of(links), template=template, output_field=TextField())


def json(links: str, code: str) -> Func:
    """The value as JSON."""
    return Func(path_of(links), template=f"(%(expressions)s -> '{code}')", output_field=JSONField())


def rank(links: str, code: str, options: list[str]) -> Func:
    """The place of a choice among the options, in their order; null where it is none of them."""
    listed = Value(options, output_field=ArrayField(TextField()))
    return Func(
        listed,
        text(links, code),
        function="array_position",
        template="%(function)s(%(expressions)s)",
        output_field=IntegerField(),
    )


def address(links: str, code: str) -> Func:
    """The parts of an address as one line, as people read it."""
    one = f"%(expressions)s -> '{code}' ->> "
    city = f"nullif({one}'city', {one}'province')"
    line = " || ".join(
        f"coalesce({part}, '')" for part in (f"{one}'province'", city, f"{one}'district'", f"{one}'street'")
    )
    template = f"(case when %(expressions)s ? '{code}' then {line} end)"
    return Func(path_of(links), template=template, output_field=TextField())
