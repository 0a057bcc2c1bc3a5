"""Bytes of a mail as text, also where they are not in the charset that they say they are in."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

# GBK and GB 2312 are parts of GB 18030, and many programs write more than they declare.
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-1": "cp1252",
    "ascii": "utf-8",
}
TRIED = ("utf-8", "gb18030", "big5hkscs")
GUESSED = ["gb18030", "big5", "cp949", "shift_jis", "cp1252", "cp1251"]
SAMPLE = 1 << 16


def decode(data: bytes, declared: str | None) -> str:
    """The text of ``data``: as declared where that fits, else as UTF-8, GB 18030, Big5 or the best guess. Never fails."""
    name = _codec(declared)
    eight_bit = not data.isascii()
    if name and not (eight_bit and name == "cp1252"):
        text = _strict(data, name)
        if text is not None:
            return text
    for candidate in TRIED if eight_bit else ("ascii",):
        text = _strict(data, candidate)
        if text is not None and (candidate == "utf-8" or not eight_bit or _reads_as_chinese(text)):
            return text
    if name == "cp1252":
        return data.decode(name, "replace")
    guess = from_bytes(data[:SAMPLE], cp_isolation=GUESSED).best()
    return data.decode(guess.encoding if guess else name or "utf-8", "replace")


def _codec(declared: str | None) -> str | None:
    """Python's name of a declared charset, widened; None where there is none of that name."""
    if not declared:
        return None
    try:
        name = codecs.lookup(declared.strip("\"' ")).name
        "".encode(name)
    except (LookupError, ValueError):
        return None
    return WIDER.get(name, name)


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeDecodeError, ValueError):
        return None


def _reads_as_chinese(text: str) -> bool:
    """Whether most characters beyond ASCII are everyday Chinese, not the rare ones that other charsets turn into."""
    beyond = {character for character in text[:SAMPLE] if character > "\x7f"}
    everyday = sum(_everyday(character) for character in beyond)
    return everyday >= 0.6 * len(beyond)


def _everyday(character: str) -> bool:
    """Whether the first level of GB 2312 or of Big5 has the character, or their punctuation."""
    for name, last in (("gb2312", 0xD7), ("big5", 0xC6)):
        try:
            if character.encode(name)[0] <= last:
                return True
        except UnicodeEncodeError:
            continue
    return False
