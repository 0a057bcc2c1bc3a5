"""Numbers of documents as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template

from crm.lib.money import format_money
from sales.catalogue.pricing import plain as plainly

register = template.Library()


@register.filter
def in_currency(amount: Any, currency: str) -> str:
    """¥1,234.00; nothing for nothing."""
    return "" if amount is None else format_money(Decimal(amount), currency)


@register.filter
def plain(number: Any) -> str:
    """A number without needless zeros."""
    return "" if number is None else plainly(Decimal(number))
