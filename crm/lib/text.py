"""Text that people type or upload: made safe to keep, and folded for comparing."""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from .company import normalise_company
from .folding import INVISIBLE, fold

__all__ = ["clean_line", "clean_text", "domain_of", "fold", "is_public_domain", "normalise_company"]

_REFUSED = re.compile("[\x00\ud800-\udfff]")
_SHOWN = {"\u115f", "\u1160", "\u3164", "\uffa0", *(chr(code) for code in range(0xFE00, 0xFE10))}
_DROPPED: dict[int, str | None] = {ord(character): None for character in INVISIBLE - _SHOWN}
_DROPPED |= {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF) if code not in (0x09, 0x0A, 0x0D, 0x85)
}
_BREAKS = re.compile("[\t\n\r\x85\u2028\u2029]+")
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")

_PUBLIC_DOMAINS = frozenset(
    "qq.com foxmail.com vip.qq.com 163.com vip.163.com 126.com vip.126.com yeah.net 188.com sina.com sina.cn vip.sina.com sina.com.cn "
    "sohu.com vip.sohu.com tom.com 21cn.com 139.com 189.cn wo.cn wo.com.cn 263.net 263.net.cn aliyun.com 88.com 111.com eyou.com "
    "gmail.com googlemail.com outlook.com outlook.jp hotmail.com hotmail.co.uk live.com live.cn msn.com yahoo.com yahoo.cn "
    "yahoo.com.cn yahoo.com.hk yahoo.com.tw yahoo.co.jp yahoo.co.uk ymail.com icloud.com me.com mac.com aol.com proton.me "
    "protonmail.com gmx.com gmx.de gmx.net web.de t-online.de mail.com mail.ru yandex.ru yandex.com zoho.com naver.com daum.net "
    "hanmail.net rediffmail.com orange.fr free.fr libero.it hey.com fastmail.com tutanota.com hinet.net netvigator.com".split()
)
_HOST = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")


def clean_line(text: str) -> str:
    """One line as a person meant it: NFC, trimmed, breaks and tabs as a space, nothing invisible.

    ValueError when it holds a NUL or a lone surrogate, which no database text can keep.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    return _safe(_BREAKS.sub(" ", text)).strip()


def clean_text(text: str) -> str:
    """Several lines, cleaned like `clean_line`; line ends become ``\\n``, tabs and blank lines stay."""
    if text.isascii() and text.isprintable():
        return text.strip()
    lines = _safe(_LINE_END.sub("\n", text)).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


@lru_cache(8192)
def domain_of(value: str) -> str | None:
    """The host of an e-mail address or web address, lower case and without ``www.``; None if there is none."""
    text = fold(value).strip("<>()[]\"',; ")
    if "@" in text and "://" not in text:
        host = text.rpartition("@")[2]
    else:
        host = _host_of_address(text) if " " not in text else ""
    host = host.rstrip(".").removeprefix("www.")
    return host if _HOST.fullmatch(host) else None


def is_public_domain(domain: str) -> bool:
    """Whether the domain gives mailboxes to anyone, so that sharing it says nothing about a company."""
    return domain.lower().rstrip(".") in _PUBLIC_DOMAINS


def _host_of_address(text: str) -> str:
    """The host of a web address with or without scheme; "" when it cannot be read."""
    try:
        return urlsplit(text if "://" in text else f"//{text.lstrip('/')}").hostname or ""
    except ValueError:
        return ""


def _safe(text: str) -> str:
    """NFC without unsafe characters; ValueError for those that cannot be kept at all."""
    if _REFUSED.search(text):
        raise ValueError(
            _("This text contains characters that cannot be stored. Type it again or save the file as UTF-8.")
        )
    return unicodedata.normalize("NFC", text.translate(_DROPPED))
