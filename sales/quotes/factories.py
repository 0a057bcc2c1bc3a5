"""Quotes and their lines for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, some_user
from sales.quotes.models import Quote, QuoteLine


def make_quote(**values: Any) -> Quote:
    """A saved draft for an account, with as many lines as ``lines`` names: dicts of their values."""
    lines = values.pop("lines", ())
    values["owner"] = some_user(values.get("owner"))
    values["account"] = values.get("account") or make_account(owner=values["owner"])
    quote = Quote(**{"title": "水泵改造报价", **values})
    records.save(quote, actor=Actor(quote.owner, "factory"))
    for position, line in enumerate(lines, 1):
        make_quote_line(quote, position=position * 10, **line)
    if lines:
        quote.refresh_from_db()
    return quote


def make_quote_line(quote: Quote, **values: Any) -> QuoteLine:
    """A saved line: one piece for 1,000 unless told otherwise."""
    made = {"name": "离心泵", "quantity": Decimal(1), "unit_price": Decimal(1000), **values}
    line = QuoteLine(document=quote, owner=quote.owner, **made)
    records.save(line, actor=Actor(quote.owner, "factory"))
    return line
