"""How a price came about, in the reader's language and as far as they may know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.money import format_money

PRODUCT, BOOK = "catalogue.product", "catalogue.pricebook"
OPEN = {None, policy.Mode.READ}


def told(steps: Iterable[Mapping[str, Any]], user: Any) -> list[str]:
    """The steps as sentences. Books, list prices and floor prices are told only to who may see them."""
    books = policy.can(user, BOOK, "view")
    return [text for step in steps if (text := _sentence(step, user, books))]


def _sentence(step: Mapping[str, Any], user: Any, books: bool) -> str:
    name = step.get("step")
    if name in {"book", "price", "less", "left_out"}:
        return _of_book(step) if books else ""
    if name == "list":
        return _("List price: %(price)s") % {"price": _money(step, "price")} if _knows(user, "list_price") else ""
    if name == "floor":
        text = _("Below the floor price of %(price)s")
        return text % {"price": _money(step, "floor")} if _knows(user, "floor_price") else ""
    match name:
        case "supplier":
            return _("Price of the supplier: %(price)s") % {"price": _money(step, "price")}
        case "rate":
            return _("Converted at %(rate)s (1 %(from)s in %(to)s), the rate of %(day)s") % step
        case "no_rate":
            return _("There is no rate from %(from)s to %(to)s up to %(day)s: enter one, or type the price") % step
        case "taxed":
            return _("Plus %(rate)s %% tax") % step
        case "untaxed":
            return _("Without the %(rate)s %% tax that it includes") % step
        case "none":
            return _("Neither a price book nor the list says a price")
        case "typed":
            return _("Typed by hand instead of %(price)s") % {"price": _money(step, "price")}
    return ""


def _of_book(step: Mapping[str, Any]) -> str:
    match step["step"]:
        case "book":
            why = {"chosen": _("chosen here"), "level": _("for this customer's level"), "all": _("for all customers")}
            return _("Price book “%(book)s”, %(why)s") % {"book": step["book"], "why": why.get(str(step["why"]), "")}
        case "left_out":
            return _("“%(book)s” is not in use on %(day)s") % step
        case "less":
            if step["base"]:
                return _("%(percent)s %% less than “%(base)s”") % step
            return _("%(percent)s %% less than the list price") % step
    text = _("“%(book)s”: %(price)s") % {"book": step["book"], "price": _money(step, "price")}
    if step.get("from_quantity"):
        text += " · " + _("from %(quantity)s on") % {"quantity": step["from_quantity"]}
    if step.get("until"):
        text += " · " + _("until %(day)s") % {"day": step["until"]}
    return text


def _money(step: Mapping[str, Any], name: str) -> str:
    return format_money(Decimal(str(step[name])), str(step["currency"]))


def _knows(user: Any, name: str) -> bool:
    return policy.field_mode(user, [(PRODUCT, name)]) in OPEN
