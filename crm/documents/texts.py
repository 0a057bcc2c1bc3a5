"""Texts of document templates: Liquid over plain dicts, escaped for HTML, with an end to everything."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from liquid import Environment
from liquid.exceptions import LiquidError

from crm.lib.capitals import rmb_capitals
from crm.lib.money import format_money

LONGEST = 4_000_000


class Papers(Environment):
    """No files, no Python objects."""

    context_depth_limit = 10
    loop_iteration_limit = 20_000
    local_namespace_limit = 100_000
    output_stream_limit = LONGEST


def money(value: Any, currency: Any = "CNY") -> str:
    """¥1,234.00; what is no number stays as it is."""
    number = _number(value)
    return str(value) if number is None else format_money(number, str(currency))


def capitals(value: Any) -> str:
    """人民币壹仟元整; empty for what is no amount."""
    number = _number(value)
    return "" if number is None else rmb_capitals(number)


def quantity(value: Any) -> str:
    """A number without needless zeros."""
    number = _number(value)
    if number is None:
        return str(value)
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**16 else None


def article(value: Any) -> str:
    """第十二条 in Chinese, Article 12 elsewhere."""
    number = _number(value)
    if number is None or number != int(number) or not 0 < number < 100:
        return str(value)
    if not (get_language() or "").startswith("zh"):
        return f"Article {int(number)}"
    tens, ones = divmod(int(number), 10)
    return f"第{'' if tens < 2 else DIGITS[tens]}{'十' if tens else ''}{DIGITS[ones] if ones else ''}条"


FILTERS = {"money": money, "capitals": capitals, "quantity": quantity, "article": article}
DIGITS = "零一二三四五六七八九"
environment, plain_environment = Papers(autoescape=True), Papers(autoescape=False)
environment.filters |= FILTERS
plain_environment.filters |= FILTERS


def check(text: str) -> None:
    """ValidationError with the place where the text is no Liquid."""
    try:
        environment.from_string(text)
    except (LiquidError, RecursionError) as error:
        raise ValidationError(_("The tags can't be read: %(why)s") % {"why": str(error)[:300]}) from None


def fill(text: str, values: dict[str, Any], *, plain: bool = False) -> str:
    """The text with its tags filled in; values are made harmless for HTML, unless it is ``plain``.

    ValidationError when it can't be read or goes beyond the limits.
    """
    try:
        return str((plain_environment if plain else environment).from_string(text).render(**values))
    except (LiquidError, RecursionError) as error:
        raise ValidationError(_("The tags can't be filled in: %(why)s") % {"why": str(error)[:300]}) from None
