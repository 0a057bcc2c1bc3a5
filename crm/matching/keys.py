"""The normalised values by which records are compared, and which model has which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from django.utils.text import capfirst

from crm.lib.company_names import read_company, sound_of
from crm.lib.folding import fold
from crm.lib.phone import normalise_phone
from crm.lib.text import domain_of, is_public_domain
from crm.lib.uscc import plain_code
from crm.matching.models import MatchKey

KeysOf = Callable[[Any], Iterable["Key | None"]]
KinOf = Callable[[Any], Iterable[tuple[str, int | None]]]
VERSION = 2
"""Raised when keys are worked out otherwise than before: a scan then works out all of them anew."""
_declared: dict[str, Matched] = {}
_LONGEST = 300
Kind = MatchKey.Kind
WEAK = frozenset({str(Kind.DOMAIN), str(Kind.SOUND)})
"""Kinds that are no reason on their own: they only say which records are worth comparing."""


class Key(NamedTuple):
    """A kind of value and the value, normalised so that equal means the same."""

    kind: str
    value: str

    def __str__(self) -> str:
        """What agrees, in words."""
        return capfirst(str(MatchKey.Kind(self.kind).label))


@dataclass(frozen=True)
class Matched:
    """How records of one entity are compared.

    ``name`` is the field that names what is compared; ``group`` are entities that mean the same things: accounts and leads.
    ``kin(record)`` are records that share values by right (the account of a contact). ``holds(record)`` tells whether a living
    record keeps its values from others: a lead that was converted does not.
    """

    label: str
    keys: KeysOf
    name: str = "name"
    group: str = ""
    kin: KinOf = lambda record: ()
    holds: Callable[[Any], bool] = lambda record: True
    person: Callable[[Any], bool] = lambda record: False


def match_keys(label: str, **how: Any) -> Callable[[KeysOf], KeysOf]:
    """Declare the function that yields the keys of a record of entity ``label`` (None among them is left out).

    ``how`` are the other attributes of ``Matched``.
    """

    def add(fn: KeysOf) -> KeysOf:
        _declared[label] = Matched(label, fn, **how)
        return fn

    return add


def is_matched(label: str) -> bool:
    """Whether duplicates are looked for among records of the entity."""
    return label in _declared


def matched(label: str) -> Matched:
    """How records of the entity are compared. KeyError where they are not."""
    return _declared[label]


def matched_labels() -> list[str]:
    """The entities among which duplicates are looked for."""
    return sorted(_declared)


def compared_with(label: str) -> list[str]:
    """The entities of the same group, the entity itself first."""
    group = _declared[label].group
    return [
        label,
        *(other for other in sorted(_declared) if group and other != label and _declared[other].group == group),
    ]


def keys_of(record: Any) -> frozenset[Key]:
    """The keys of a record, saved or not; none when its model declares none."""
    declared = _declared.get(record._meta.label_lower)
    return frozenset(key for key in declared.keys(record) if key is not None) if declared else frozenset()


def same_keys(before: Any, after: Any) -> bool:
    """Whether two states of a record surely have the same keys: nothing differs but whose it is and when it was written."""
    was, now = before.__dict__, after.__dict__
    return all(was.get(name, after) == now.get(name, before) for name in _telling(type(after)))


@cache
def _telling(model: Any) -> tuple[str, ...]:
    silent = {
        "id",
        "owner",
        "pool",
        "department",
        "version",
        "created_by",
        "updated_by",
        *getattr(model, "derived", ()),
    }
    fields = (f for f in model._meta.concrete_fields if f.name not in silent and not f.generated)
    return tuple(f.attname for f in fields if f.get_internal_type() != "DateTimeField")


def company_key(name: str) -> Key | None:
    """A company by its name without legal form, place and spelling."""
    return _key(Kind.COMPANY, read_company(name).core)


# A row of a file is compared, kept from what is registered, and written: three times within one batch.
@lru_cache(8192)
def company_keys(name: str) -> tuple[Key | None, ...]:
    """A company by its name, and by how it sounds."""
    return (_key(Kind.COMPANY, read_company(name).core), *sound_keys(name))


def sound_keys(name: str) -> Iterator[Key | None]:
    """How a company's name sounds, and, of a longer one, how its beginning and its end do: one slip spares one of them."""
    parts = read_company(name)
    yield _key(Kind.SOUND, sound_of(parts.stem))
    if parts.latin:
        if len(parts.words) > 1:
            yield _key(Kind.SOUND, f"{parts.words[0]}-")
            yield _key(Kind.SOUND, f"-{parts.words[-1]}")
    elif len(parts.stem) >= 3:
        half = (len(parts.stem) + 1) // 2
        yield _key(Kind.SOUND, f"{sound_of(parts.stem[:half])}-")
        yield _key(Kind.SOUND, f"-{sound_of(parts.stem[half - len(parts.stem) % 2 :])}")


def person_key(name: str, account_id: int | None) -> Key | None:
    """A person by name within one account: there are too many people of one name to compare them at large."""
    folded = "".join(fold(name).split())
    return _key(Kind.PERSON, f"{folded}|{account_id}") if folded and account_id else None


def phone_key(number: str) -> Key | None:
    """A telephone number in E.164, with its extension: behind one switchboard sit many people."""
    return _key(Kind.PHONE, normalise_phone(number) or "") if number else None


def email_key(address: str) -> Key | None:
    """An e-mail address in small letters."""
    return _key(Kind.EMAIL, fold(address).strip()) if "@" in address else None


def domain_key(address: str) -> Key | None:
    """The domain of a website or an e-mail address, unless anybody can have a mailbox there."""
    domain = domain_of(address) if address else None
    return _key(Kind.DOMAIN, domain) if domain and not is_public_domain(domain) else None


def tax_key(number: str) -> Key | None:
    """A tax id of at least eight characters, without spaces and dashes."""
    plain = plain_code(fold(number))
    return _key(Kind.TAX_ID, plain) if len(plain) >= 8 else None


def _key(kind: MatchKey.Kind, value: str) -> Key | None:
    return Key(str(kind), value[:_LONGEST]) if value else None
