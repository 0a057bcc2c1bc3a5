"""Headers of mails as people and programs really write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email._parseaddr import AddressList  # getaddresses() gives up on what real mails hold, differently by version
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Any, NamedTuple

from crm.lib.folding import INVISIBLE
from crm.messaging.mime.charsets import decode

LONGEST = 998
MOST_ADDRESSES = 200
ANGLED = re.compile(r"<[^<>\s]{1,400}>")
BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?)")
ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,255}")
CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n"} | {127: None}
SUBJECT_PREFIX = re.compile(
    r"^\s*(?:(?:re|fw|fwd|aw|wg|sv|答复|回复|转发|回覆|轉寄|轉發)\s*(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE
)


class Address(NamedTuple):
    """A name and an e-mail address in small letters."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def raw(message: Message, name: str) -> str:
    """A header as it was sent, bytes beyond ASCII as surrogates; empty when there is none."""
    return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")


def text(message: Message, name: str, longest: int = LONGEST) -> str:
    """A header as people read it, on one line."""
    return one_line(words(raw(message, name)), longest)


def words(value: str) -> str:
    """The text of a header value: RFC 2047 words, bytes without any, and what is wrongly cut between words."""
    value = BETWEEN_WORDS.sub(r"\1\2", value)
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        pieces = [(value, None)]
    return "".join(_piece(piece, charset) for piece, charset in pieces)


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        piece = piece.encode("utf-8", "surrogateescape")
    elif charset is None:
        piece = piece.decode("raw-unicode-escape", "surrogateescape").encode("utf-8", "surrogateescape")
    return decode(piece, charset)


def one_line(value: str, longest: int = LONGEST) -> str:
    """Without line breaks, control characters and marks that show nothing."""
    plain = "".join(character for character in value if character not in INVISIBLE)
    return " ".join(plain.translate(CONTROL).split())[:longest]


def addresses(message: Message, *names: str) -> list[Address]:
    """The addresses in some headers, each once."""
    values = [value for name in names for key, value in message.raw_items() if key.lower() == name]
    plain = [str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace") for value in values]
    found: dict[str, Address] = {}
    for name, address in AddressList(", ".join(plain)).addresslist:
        match = ADDRESS.search(address) or ADDRESS.search(name)
        if match:
            plain_address = match.group().lower().strip(".'")
            found.setdefault(plain_address, Address(one_line(words(name), 200), plain_address))
    return list(found.values())[:MOST_ADDRESSES]


def ids(message: Message, name: str) -> list[str]:
    """The message ids in a header, without brackets."""
    return [one_line(found[1:-1], 400) for found in ANGLED.findall(raw(message, name))][:100]


def date(message: Message, now: datetime) -> datetime:
    """When it says it was sent; ``now`` where it says nothing, nonsense or a day to come."""
    try:
        found = parsedate_to_datetime(raw(message, "date"))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        found = found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return now
    return found if found.year >= 1990 and found <= now else now


def filename(part: Message) -> str:
    """The name of an attachment: RFC 2231, or RFC 2047 where that does not belong; empty when it has none."""
    name = _param(part, "content-disposition", "filename") or _param(part, "content-type", "name")
    if name is None:
        return ""
    if isinstance(name, tuple):
        charset, _language, value = name
        data = str(value).encode("latin-1", "surrogateescape") if _is_latin(value) else None
        plain = decode(data, charset) if data is not None else collapse_rfc2231_value(name)
    else:
        plain = words(str(name).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
    return one_line(re.sub(r"[/\\\x00]", "_", plain), 200)


def _param(part: Message, header: str, name: str) -> Any:
    """A parameter of a header; bytes that stand in it bare are read as text first, which the library would lose."""
    value = raw(part, header)
    try:
        value.encode()
    except UnicodeEncodeError:
        plain = Message()
        plain[header] = decode(value.encode("utf-8", "surrogateescape"), None)
        part = plain
    return part.get_param(name, None, header)


def _is_latin(value: str) -> bool:
    try:
        value.encode("latin-1", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def bare_subject(subject: str) -> str:
    """A subject without “Re:”, “答复：” and the like, by which mails without references find their thread."""
    return " ".join(SUBJECT_PREFIX.sub("", subject).split()).lower()[:300]
