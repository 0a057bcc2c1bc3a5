"""What stands in the JSON column as values: what no door of ours could have written is no value, and breaks nothing."""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm.customfields.sources import Address
from crm.lib.pinyin import pinyin_key
from crm.lib.sealing import Unreadable, is_sealed, seal, sealed_here, tokens, unseal

# Before the code of a text stands the code of what it is sorted by: no field can be called so.
SORTED = "~"
LONGEST_KEY = 200


def text_of(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def number_of(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def integer_of(value: Any) -> int | None:
    number = number_of(value)
    return int(number) if number is not None and abs(number) < 2**63 else None


def day_of(value: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def moment_of(value: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def list_of(value: Any) -> list[str] | None:
    return [one for one in value if isinstance(one, str)] or None if isinstance(value, list) else None


def address_of(value: Any) -> Address | None:
    if not isinstance(value, dict):
        return None
    known = {name: str(value.get(name) or "") for name in ("province", "city", "district", "street", "code")}
    return Address(**known) if any(known.values()) else None


def pk(value: Any) -> Any:
    return getattr(value, "pk", value)


def key_code(code: str) -> str:
    """Where the pinyin key of a text lies."""
    return SORTED + code


def key_of(value: Any) -> str | None:
    """The pinyin key of a text; None where there is nothing to sort by."""
    return pinyin_key(value[:LONGEST_KEY])[:LONGEST_KEY] or None if isinstance(value, str) else None


# All custom values are bound to one place: a token may be copied from record to record, as a merge does.
PLACE = "custom"


def sealed(value: Any) -> str:
    """What is kept of an encrypted text."""
    return value if sealed_here(value, PLACE) else seal(str(value), PLACE)


def unsealed(value: Any) -> str | None:
    """The text of a token; None where its key is gone."""
    try:
        return unseal(value, PLACE) if is_sealed(value) else None
    except Unreadable:
        return None


def sealed_forms(value: Any) -> list[str]:
    """How an encrypted text may be kept: under each key in use."""
    return tokens(str(value), PLACE)
