"""Identity numbers that look like numbers but are text: a spreadsheet must never round them."""

import re

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(rf"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{10}}")
_RESIDENT = re.compile(r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def valid_uscc(text: str) -> bool:
    """Whether the text is a 统一社会信用代码 with the right check character (GB 32100-2015)."""
    code = text.strip().upper()
    if not _USCC.fullmatch(code):
        return False
    total = sum(_USCC_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(code[:17]))
    return _USCC_ALPHABET[-total % 31] == code[17]


def is_resident_id(text: str) -> bool:
    """Whether the text is an 18-digit resident id with the right check digit (GB 11643-1999)."""
    number = text.strip().upper()
    if not _RESIDENT.fullmatch(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _RESIDENT_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17]
