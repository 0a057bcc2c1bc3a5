"""Telephone numbers as people write them, kept as E.164; masks for values that may not be shown whole.

A kept number is ``+8613800138000``, with an extension ``+862112345678;ext=8001`` (RFC 3966).
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from django.utils.translation import gettext as _

_NOISE = re.compile(r"[\s\-–—‐‑−·.()\[\]/]+")
_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086|0(?=1[3-9]\d{9}$))?(1[3-9]\d{9})")
_EXTENSION_WORD = re.compile(
    r"(?:转接|转|轉|分机号?|分機號?|内线|ext(?:ension)?\.?|[x#,;]|;ext=)\s*[:：]?\s*(\d{1,7})\s*$", re.IGNORECASE
)
_TRAILING_EXTENSION = re.compile(r"^(\(?0\d{2,3}\)?[\s-]*\d{7,8})\s*-\s*(\d{1,6})$")
_LABEL = re.compile(r"^(?:tel|phone|mobile|fax|电话|手机|座机|传真|联系电话|手机号码?)\s*[:.]?\s*", re.IGNORECASE)
_KEPT = re.compile(r"\+\d{4,15}(?:;ext=\d{1,7})?")
_KEPT_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
_LONGEST = 64


def normalise_phone(text: str, region: str = "CN") -> str | None:
    """The number in E.164, with ``;ext=`` when it has an extension; None when it is no valid number.

    A number without country code belongs to ``region``.
    """
    plain = text.strip()
    if len(plain) > _LONGEST:
        return None
    if _KEPT_MOBILE.fullmatch(plain):
        return plain
    if region == "CN":
        mobile = _CHINESE_MOBILE.fullmatch(_NOISE.sub("", plain))
        if mobile and mobile[1].isascii():
            return f"+86{mobile[1]}"
    return _normalise_other(plain, region)


@lru_cache(maxsize=10_000)
def _normalise_other(text: str, region: str) -> str | None:
    """Any number, by the numbering plans of the world."""
    plain = "".join(
        character for character in unicodedata.normalize("NFKC", text) if unicodedata.category(character) != "Cf"
    )
    plain = _LABEL.sub("", plain.strip())
    number, extension = _split_written_extension(plain)
    if region == "CN":
        mobile = _CHINESE_MOBILE.fullmatch(_NOISE.sub("", number))
        if mobile:
            return _kept(f"+86{mobile[1]}", extension)
    if re.search(r"[^\W\d_]", number):
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    foreign = number.startswith(("+", "00"))
    if not phonenumbers.is_valid_number(parsed) and not (foreign and phonenumbers.is_possible_number(parsed)):
        return None
    return _kept(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), extension)


def split_extension(phone: str) -> tuple[str, str]:
    """``+862112345678;ext=8001`` → (``+862112345678``, ``8001``); the extension is "" when there is none."""
    number, _separator, extension = phone.partition(";ext=")
    return number, extension


def phone_tail(text: str, length: int = 4) -> str:
    """The last digits of the number, extension apart; "" when it has fewer."""
    digits = re.sub(r"\D", "", split_extension(text)[0])
    return digits[-length:] if len(digits) >= length else ""


def format_phone(phone: str, region: str = "CN") -> str:
    """A kept number as people of the region read it: ``138 0013 8000``, ``021 1234 5678 ext. 8001``.

    Text that is not a kept number comes back as it is.
    """
    if not _KEPT.fullmatch(phone):
        return phone
    number, extension = split_extension(phone)
    shown = _format_number(number, region)
    return _("%(number)s ext. %(extension)s") % {"number": shown, "extension": extension} if extension else shown


@lru_cache(maxsize=10_000)
def _format_number(number: str, region: str) -> str:
    """National for the region's own numbers, international for others."""
    if region == "CN" and re.fullmatch(r"\+861[3-9]\d{9}", number):
        return f"{number[3:6]} {number[6:10]} {number[10:]}"
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    own = parsed.country_code == phonenumbers.country_code_for_region(region)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if own else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def mask_phone(phone: str) -> str:
    """``138****8000``: the first three and last four digits of the national number at most."""
    digits = re.sub(r"\D", "", split_extension(phone.removeprefix("+86"))[0])
    if len(digits) >= 10:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"****{digits[-2:]}" if len(digits) >= 5 else "****"


def mask_email(email: str) -> str:
    """``z***@example.com``."""
    name, separator, host = email.rpartition("@")
    return f"{name[:1]}***@{host}" if separator and name else mask_text(email)


def mask_text(text: str) -> str:
    """The first character and stars, which do not tell the length: ``张***``; short text wholly hidden."""
    stripped = text.strip()
    return f"{stripped[0]}***" if len(stripped) >= 2 else "***" if stripped else ""


def _split_written_extension(text: str) -> tuple[str, str]:
    """The number and its extension as written: 转8001, ext. 8001, 021-12345678-8001."""
    found = _TRAILING_EXTENSION.match(text)
    if found:
        return found[1], found[2]
    found = _EXTENSION_WORD.search(text)
    return (text[: found.start()].strip(), found[1]) if found and found.start() else (text, "")


def _kept(number: str, extension: str) -> str:
    return f"{number};ext={extension}" if extension else number
