"""Address books of phones and mail programs: vCard 2.1, 3.0 and 4.0 as a table of one row a person."""

from __future__ import annotations

import binascii
import quopri
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .errors import ReadError
from .header import Record

BEGIN = b"begin:vcard"
MOST = 50_000
LONGEST_LINE = 1 << 20
# Pictures and keys are none of a table's business.
SKIPPED = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CELL = {"CELL", "MOBILE", "IPHONE"}

HAN = re.compile("[\u3400-\u9fff]")
Property = tuple[str, set[str], str]


def headings() -> list[str]:
    """The columns, called so that any person's fields are recognised."""
    return [
        *(
            pgettext("person", "Name"),
            _("Company"),
            _("Job title"),
            _("Mobile phone"),
            _("Telephone"),
            _("Other phone"),
        ),
        *(capfirst(_("e-mail")), _("Other e-mail"), _("WeChat"), _("Address"), _("Website"), _("Birthday"), _("Notes")),
    ]


def rows(path: Path) -> Iterator[Record]:
    """The headings, then (line of its beginning, cells) of each card. ReadError where it breaks off or holds too many."""
    yield 1, headings()
    card: list[Property] | None = None
    count = start = 0
    for number, line in _unfolded(path):
        found = _property(line)
        if found is None:
            continue
        name, _types, value = found
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            card, start = [], number
        elif name == "END" and card is not None:
            count += 1
            if count > MOST:
                raise ReadError(_("The address book holds more than %(most)s people. Divide it.") % {"most": MOST})
            # The headings stand for line 1, which is the first BEGIN.
            yield start + 1, _cells(card)
            card = None
        elif card is not None and len(card) < 500:
            card.append(found)


def _unfolded(path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines: those broken by RFC 6350 (a blank begins the next) and by quoted-printable (= ends one)."""
    whole, started = bytearray(), 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line = raw.rstrip(b"\r\n")
            soft = whole.endswith(b"=") and b"QUOTED-PRINTABLE" in whole[: whole.find(b":")].upper()
            if soft or (whole and line[:1] in b" \t" and line):
                if soft:
                    del whole[-1]
                whole += line if soft else line[1:]  # in place: a picture has thousands of lines
                if len(whole) > LONGEST_LINE:
                    del whole[200:]
                continue
            if whole:
                yield started, bytes(whole)
            whole, started = bytearray(line), number
    if whole:
        yield started, bytes(whole)


def _property(line: bytes) -> Property | None:
    """(name, its types, its text) of a line; None for what is none, and for pictures."""
    head, colon, value = line.partition(b":")
    if not colon or len(head) > 500:
        return None
    name, *parameters = head.decode("latin-1").lstrip("\ufeffï»¿").split(";")
    name = name.rpartition(".")[2].strip().upper()
    if name in SKIPPED:
        return None
    types, charset = set(), ""
    for parameter in parameters:
        key, equals, said = parameter.partition("=")
        if not equals:
            types.add(key.strip().upper())
        elif key.strip().upper() == "CHARSET":
            charset = said.strip('" ')
        else:
            types |= {one.strip('" ').upper() for one in said.split(",")}
    return name, types, _text(value, types, charset)


def _text(value: bytes, types: set[str], charset: str) -> str:
    if "QUOTED-PRINTABLE" in types:
        value = quopri.decodestring(value)
    elif types & {"BASE64", "B"}:
        try:
            value = binascii.a2b_base64(value)
        except binascii.Error:
            return ""
    for encoding in dict.fromkeys((charset or "utf-8", "utf-8", "gb18030")):
        try:
            return value.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return value.decode("utf-8", "replace")


def _cells(card: list[Property]) -> list[str]:
    found: dict[str, list[tuple[set[str], str]]] = defaultdict(list)
    for name, types, value in card:
        if value.strip():
            found[name].append((types, value))
    mobile, phones = _numbers(found["TEL"])
    mails = list(dict.fromkeys(_plain(value) for _types, value in found["EMAIL"]))
    return [
        _name(found),
        _parts(_first(found, "ORG"))[0] if found["ORG"] else "",
        _plain(_first(found, "TITLE") or _first(found, "ROLE")),
        mobile,
        *[*phones, "", ""][:2],
        *[*mails, "", ""][:2],
        _wechat(found),
        _address(found["ADR"]),
        _plain(_first(found, "URL")),
        _birthday(_first(found, "BDAY")),
        "\n".join(_plain(value) for _types, value in found["NOTE"]),
    ]


def _first(found: dict[str, list[tuple[set[str], str]]], name: str) -> str:
    return found[name][0][1] if found[name] else ""


def _name(found: dict[str, list[tuple[set[str], str]]]) -> str:
    """As the card writes it; else family and given name in the order of their language."""
    if whole := _plain(_first(found, "FN")):
        return whole
    family, given, *_rest = [*_parts(_first(found, "N")), "", ""]
    return join_name(given, family)


def join_name(given: str, family: str) -> str:
    """A person's name from its parts: 王 + 小川 is 王小川, Jane + Doe is Jane Doe."""
    given, family = given.strip(), family.strip()
    if HAN.search(family + given):
        return f"{family}{given}"
    return f"{given} {family}".strip()


def _numbers(told: list[tuple[set[str], str]]) -> tuple[str, list[str]]:
    """(mobile, the other numbers): by what the card says, else by how Chinese mobile numbers look."""
    mobile, others = "", []
    for types, value in told:
        number = _plain(value).removeprefix("tel:").partition(";")[0]
        digits = re.sub(r"\D", "", number).removeprefix("86")
        looks = len(digits) == 11 and digits[0] == "1" and digits[1] != "0"
        if not mobile and not types & {"FAX", "PAGER"} and (types & _CELL or (looks and not types & {"WORK", "HOME"})):
            mobile = number
        elif "FAX" not in types and number and number != mobile and number not in others:
            others.append(number)
    if not mobile:
        at = next((n for n in others if re.fullmatch(r"(86)?1[3-9]\d{9}", re.sub(r"\D", "", n))), "")
        mobile = at
        others = [number for number in others if number != at]
    return mobile, others


def _wechat(found: dict[str, list[tuple[set[str], str]]]) -> str:
    for name in ("X-WECHAT", "X-WEIXIN"):
        if value := _first(found, name):
            return _plain(value)
    for types, value in found["IMPP"]:
        if types & {"WECHAT", "WEIXIN"} or value.lower().startswith(("weixin:", "wechat:")):
            return _plain(value).partition(":")[2] or _plain(value)
    return ""


def _address(told: list[tuple[set[str], str]]) -> str:
    """From the large to the small in Chinese, else as it is written on a letter."""
    if not told:
        return ""
    parts = _parts(told[0][1]) + [""] * 7
    street, city, region, code, country = parts[2:7]
    if HAN.search(street + city + region):
        return "".join(part for part in (region, city if city != region else "", street) if part)
    return ", ".join(part for part in (street, city, " ".join(filter(None, (region, code))), country) if part)


def _birthday(text: str) -> str:
    """Year, month and day; a birthday without a year is none here."""
    match = re.match(r"\s*(\d{4})-?(\d{2})-?(\d{2})", text)
    return "-".join(match.groups()) if match else ""


def _parts(text: str) -> list[str]:
    return [_plain(part) for part in re.split(r"(?<!\\);", text)]


def _plain(text: str) -> str:
    """Without what escapes signs; NUL and the like are judged where all cells are."""
    return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], text).strip()
