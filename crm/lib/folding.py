"""One folded form of a text, in which different spellings of the same words are equal.

Folding goes character by character, so the fold of a part is a part of the fold: the search index,
duplicate keys and column matching all rely on that.
"""

import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC

_HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x2A6E0))
# Zero-width, bidi control, soft hyphen, variation selectors and other marks that show nothing.
INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x00AD, 0x00AD),
        (0x034F, 0x034F),
        (0x061C, 0x061C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF9, 0xFFFB),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)


@cache
def simplified_table() -> dict[int, str]:
    """A ``str.translate`` table from traditional to simplified characters, one to one."""
    characters = [chr(code) for first, last in _HAN for code in range(first, last)]
    simple = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(a): b for a, b in zip(characters, simple, strict=True) if a != b and len(b) == 1}


@cache
def _folding_table() -> dict[int, str | None]:
    """Drops what shows nothing (controls and surrogates too), then traditional → simplified."""
    dropped: dict[int, str | None] = {ord(character): None for character in INVISIBLE}
    dropped |= {code: None for code in range(0x20) if not chr(code).isspace()}
    dropped |= {code: None for code in range(0x7F, 0xA0) if not chr(code).isspace()}
    dropped |= dict.fromkeys(range(0xD800, 0xE000))
    return dropped | simplified_table()


@lru_cache(16_384)
def fold(text: str) -> str:
    """The text for comparing: half width, lower case, simplified, single spaces, nothing invisible.

    ``fold(fold(text)) == fold(text)``.
    """
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_CONTROLS).split())
    folded = unicodedata.normalize("NFKC", text.translate(_folding_table()))
    folded = unicodedata.normalize("NFKC", folded.lower().translate(_folding_table()))
    return " ".join(folded.split())


_ASCII_CONTROLS = {code: None for code in (*range(0x20), 0x7F) if not chr(code).isspace()}
