"""The normalised values by which records are compared, and which model has which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.utils.text import capfirst

from crm.lib.folding import fold
from crm.lib.phone import normalise_phone
from crm.lib.text import normalise_company
from crm.matching.models import MatchKey

KeysOf = Callable[[Any], Iterable["Key | None"]]
_declared: dict[str, KeysOf] = {}
_LONGEST = 300


class Key(NamedTuple):
    """A kind of value and the value, normalised so that equal means the same."""

    kind: str
    value: str

    def __str__(self) -> str:
        """What agrees, in words."""
        return capfirst(str(MatchKey.Kind(self.kind).label))


def match_keys(label: str) -> Callable[[KeysOf], KeysOf]:
    """Declare the function that yields the keys of a record of entity ``label`` (None among them is left out)."""

    def add(fn: KeysOf) -> KeysOf:
        _declared[label] = fn
        return fn

    return add


def is_matched(label: str) -> bool:
    """Whether duplicates are looked for among records of the entity."""
    return label in _declared


def keys_of(record: Any) -> frozenset[Key]:
    """The keys of a record, saved or not; none when its model declares none."""
    declared = _declared.get(record._meta.label_lower)
    return frozenset(key for key in declared(record) if key is not None) if declared else frozenset()


def company_key(name: str) -> Key | None:
    """A company by its name without legal form, place and spelling."""
    return _key(MatchKey.Kind.COMPANY, normalise_company(name))


def person_key(name: str, account_id: int | None) -> Key | None:
    """A person by name within one account: there are too many people of one name to compare them at large."""
    folded = "".join(fold(name).split())
    return _key(MatchKey.Kind.PERSON, f"{folded}|{account_id}") if folded and account_id else None


def phone_key(number: str) -> Key | None:
    """A telephone number in E.164."""
    return _key(MatchKey.Kind.PHONE, normalise_phone(number) or "") if number else None


def email_key(address: str) -> Key | None:
    """An e-mail address in small letters."""
    return _key(MatchKey.Kind.EMAIL, fold(address).strip()) if "@" in address else None


def tax_key(number: str) -> Key | None:
    """A tax id of at least eight characters, without spaces and dashes."""
    plain = re.sub(r"[\W_]", "", fold(number)).upper()
    return _key(MatchKey.Kind.TAX_ID, plain) if len(plain) >= 8 else None


def _key(kind: MatchKey.Kind, value: str) -> Key | None:
    return Key(str(kind), value[:_LONGEST]) if value else None
