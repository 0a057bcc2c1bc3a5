"""What the templates of customers need to look right."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django import template
from django.utils.translation import get_language

from crm.lib.money import short_money

register = template.Library()


@register.simple_tag
def sums(amounts: Mapping[str, Decimal]) -> str:
    """Amounts by currency at a glance: ``¥123.5 万 + $2.1 万``; a dash where there are none."""
    language = get_language() or "zh-hans"
    return " + ".join(short_money(amount, currency, language) for currency, amount in sorted(amounts.items())) or "–"
