"""The values by which a person is found in texts: in every spelling that the program knows of."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any
from urllib.parse import quote, quote_plus

from django.db.models import F, Q
from django.db.models.functions import Upper

from crm.customfields.values import custom_fields
from crm.entities.entity import registry
from crm.lib.folding import fold
from crm.lib.phone import normalise_phone, split_extension
from crm.lib.sealing import digest
from crm.privacy.people import ABOUT, ADDRESS, EMAIL, IDENTITY, NAME, PHONE, SOCIAL, kinds, name_of, personal_fields
from crm.records.models import Entry, Record
from crm.records.redaction import BLANK
from crm.users.models import User

# Categories whose values name one person alone, wherever they stand.
SHARP = (PHONE, EMAIL, SOCIAL, IDENTITY)
HAN = re.compile(r"[\u3400-\u9fff]")
PHONE_LIKE = re.compile(r"\+?\d[\d\s\-().]{5,20}\d")
MAIL_LIKE = re.compile(r"[^\s@<>,;:\"'()]{1,64}@[^\s@<>,;:\"'()]{3,250}")


@dataclass
class Known:
    """``sharp`` values are blanked everywhere, ``dull`` ones (shared ones, short names, days) only beside the person."""

    sharp: set[str] = field(default_factory=set)
    dull: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    identifiers: set[tuple[str, str]] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    @cached_property
    def everywhere(self) -> str:
        """The pattern of what is blanked in every text of the house; empty for nothing."""
        return pattern(self.sharp, self.phones)

    @cached_property
    def beside(self) -> str:
        """The pattern of what is blanked in what hangs on the person."""
        return pattern(self.sharp | self.dull, self.phones)

    @cached_property
    def likes(self) -> list[str]:
        """What a text must hold for ``everywhere`` to find a word in it, in any case: a pattern of LIKE for each spelling."""
        found = {one for word in self.sharp for one in _written(word)}
        return [f"%{_plain(one)}%" for one in sorted(found)]

    @cached_property
    def numbers(self) -> str:
        """The same for telephone numbers, as a pattern without the edges that make looking slow; empty for none."""
        return "|".join(sorted({_digits(phone) for phone in self.phones} - {""}))


def know(persons: list[Record]) -> Known:
    """Everything by which the persons are known, today and in their history."""
    known, asked = Known(), defaultdict[str, set[str]](set)
    for category, text in dict.fromkeys(pair for record in persons for pair in values_of(record)):
        if found := identifier(category, text):
            known.identifiers.add(found)
        if _is_sharp(category, text):
            asked[category].add(text)
        elif len(text) >= 2:
            known.dull.add(text)
    for category, texts in asked.items():
        known.shared |= held_by_others(texts, category, persons)
    known.dull |= known.shared
    known.phones = asked.pop(PHONE, set()) - known.shared
    known.sharp = {text for texts in asked.values() for text in texts} - known.shared
    return known


def values_of(record: Record) -> Iterable[tuple[str, str]]:
    """(category, text) of every personal value that the record has or had."""
    label = record.entity_label()
    names = personal_fields(label)
    entity = registry[label]
    for name, category in names.items():
        if text := entity.field(name).text(record).strip():
            yield category, text
    custom = {f.name for f in custom_fields(type(record))}
    entries = Entry.objects.filter(entity=label, record_id=record.pk).values_list("title", "changes")
    for title, changes in entries.iterator():
        if title and title != BLANK:
            yield NAME if title == name_of(record) else ABOUT, title
        for name, pair in changes.items():
            if name not in names:
                continue
            for raw in pair:
                said = entity.field(name).show(entity.field(name).from_json(raw)) if name in custom else raw
                if isinstance(said, str) and said not in ("", BLANK):
                    yield names[name], said.strip()
    for value in (record.extras or {}).values():
        yield from _loose(str(value))


def _loose(text: str) -> Iterable[tuple[str, str]]:
    """What a column that nobody mapped may hold."""
    if MAIL_LIKE.fullmatch(text.strip()):
        yield EMAIL, text.strip()
    elif PHONE_LIKE.fullmatch(text.strip()):
        yield PHONE, text.strip()
    elif len(text.strip()) >= 2:
        yield ABOUT, text.strip()


def identifier(category: str, text: str) -> tuple[str, str] | None:
    """(kind, normalised value) by which somebody who comes back is known again; None where it is not such a value."""
    match category:
        case "phone":
            number = normalise_phone(text)
            return (PHONE, split_extension(number)[0]) if number else None
        case "email":
            address = fold(text).strip()
            return (EMAIL, address) if "@" in address else None
        case "social":
            return (SOCIAL, fold(text).strip()) if len(text.strip()) >= 5 else None
        case "identity":
            plain = re.sub(r"[\W_]", "", fold(text)).upper()
            return (IDENTITY, plain) if len(plain) >= 8 else None
    return None


def digests(found: tuple[str, str]) -> list[str]:
    """The keyed hashes of an identifier, one for each key in use."""
    kind, value = found
    return digest(value, f"suppression:{kind}")


def _is_sharp(category: str, text: str) -> bool:
    """Whether a value names one person alone, unless others have it too."""
    if len(text) < 2 or (category == SOCIAL and len(text) < 5):
        return False
    return category in SHARP or (category == ADDRESS and len(text) >= 8) or (category == NAME and _rare(text))


def _rare(name: str) -> bool:
    """Whether a name is long enough to be looked for in any text: 王伟 stands in many words, 欧阳小鹊 hardly."""
    return len(name) >= 3 if HAN.search(name) else len(name) >= 6 and " " in name


def held_by_others(texts: set[str], category: str, persons: list[Record]) -> set[str]:
    """Those of the values that a living record of somebody else, or a colleague, has in a field of that category: a query an entity."""
    told = {text.upper() if category == EMAIL else text: text for text in texts}
    users = User.objects.annotate(mail=Upper("email"))
    users = users.filter(Q(name__in=texts) | Q(mobile__in=texts) | Q(mail__in=[text.upper() for text in texts]))
    found = {value for row in users.values_list("name", "mobile", "email") for value in row if value}
    for label, entity in registry.items():
        if names := _columns(label, category):
            ours = [one.pk for one in persons if one.entity_label() == label]
            rows = entity.model._base_manager.filter(deleted_at__isnull=True).exclude(pk__in=ours)
            asked = {
                f"said_{number}": Upper(name) if category == EMAIL else F(name) for number, name in enumerate(names)
            }
            reach = reduce(or_, (Q(**{f"{name}__in": list(told)}) for name in asked))
            held = rows.annotate(**asked).filter(reach).values_list(*asked)
            found |= {told[value] for row in held.distinct() for value in row if value in told}
    upper = {value.upper() for value in found}
    return {text for text in texts if text in found or text.upper() in upper}


def _columns(label: str, category: str) -> list[str]:
    """The columns of an entity that hold values of a category."""
    model = registry[label].model
    if not issubclass(model, Record) or not (label in kinds or _has_reach(label)):
        return []
    return [n for n, c in personal_fields(label).items() if c == category and "." not in n] + (
        [] if category != NAME or label in kinds else [n for n in getattr(model, "shown_by", ()) if n == "name"]
    )


def _has_reach(label: str) -> bool:
    """Companies have numbers and addresses, too."""
    return bool({PHONE, EMAIL} & set(personal_fields(label).values())) and label not in NOT_HOLDING


# Copies of what people wrote: they hold values because somebody else has them.
NOT_HOLDING = {"messaging.mailmessage"}


def pattern(words: Iterable[str], phones: Iterable[str]) -> str:
    """A pattern, the same for PostgreSQL and Python, that finds the values however they are written."""
    parts = {one for word in words for one in _spellings(word)}
    parts |= {_phone_pattern(phone) for phone in phones} - {""}
    return "|".join(sorted(parts, key=lambda part: (-len(part), part)))


def _plain(text: str) -> str:
    """A text as LIKE takes it, without signs that mean something there."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _written(word: str) -> set[str]:
    """How a word stands in texts, in addresses and in JSON."""
    found = {
        word,
        fold(word),
        quote(word),
        quote_plus(word),
        json.dumps(word)[1:-1],
        json.dumps(word, ensure_ascii=False)[1:-1],
    }
    return {one for one in found if one.strip()}


def _spellings(word: str) -> set[str]:
    bounded = word.isascii()
    before, after = (r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])") if bounded else ("", "")
    return {f"{before}{re.escape(one)}{after}" for one in _written(word)}


def _phone_pattern(phone: str) -> str:
    """Its digits, not within a longer number."""
    digits = _digits(phone)
    return rf"(?<![0-9]){digits}(?![0-9])" if digits else ""


def _digits(phone: str) -> str:
    """Its digits with whatever people put between them, with or without the code of the country."""
    kept = normalise_phone(phone)
    number = split_extension(kept)[0] if kept else re.sub(r"[^\d+]", "", phone)
    digits = re.sub(r"\D", "", number.removeprefix("+86"))
    if len(digits) < 7:
        return ""
    between = r"[-.()/\s]{0,3}"
    country = (
        r"(?:(?:\+|00)?86[-.()/\s]{0,3})?0?"
        if number.startswith("+86") or not number.startswith("+")
        else r"(?:\+|00)?"
    )
    return country + between.join(digits)


def blank(value: Any, found: re.Pattern[str]) -> Any:
    """The value with everything blanked that the pattern finds, through lists and objects, keys too."""
    if isinstance(value, str):
        return found.sub(BLANK, value)
    if isinstance(value, dict):
        return {found.sub(BLANK, key): blank(one, found) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [blank(one, found) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and found.search(str(value)):
        return BLANK
    return value
