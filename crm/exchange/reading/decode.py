"""Which encoding a text file is in: BOM, then UTF-8, then GB18030, then a guess."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes
from django.utils.translation import gettext as _

from .errors import ReadError

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSED = ["gb18030", "big5", "cp949", "shift_jis", "cp1252", "cp1250", "cp1251"]
# Broken characters that a file may have before its encoding counts as another: 1 in 2,000 bytes.
_BROKEN_SHARE = 2000


@dataclass(frozen=True)
class Encoding:
    """The encoding by Python's name; ``broken`` bytes fit no character and show as �."""

    name: str
    broken: int = 0

    @property
    def errors(self) -> str:
        """How to open the file: strictly, or with � for the few broken bytes."""
        return "replace" if self.broken else "strict"


def detect_encoding(path: Path, wanted: str | None = None) -> Encoding:
    """The encoding of the whole file. ReadError when it is empty, holds NUL, or is not in the ``wanted`` one."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if not head.strip():
        raise ReadError(_("The file is empty. Save it with its rows and choose it again."))
    if wanted:
        return _in_wanted(path, wanted)
    for bom, name in _BOMS:
        if head.startswith(bom):
            broken = _broken(path, name)
            _refuse_nul_text(path, name)
            return Encoding(name, broken)
    if b"\0" in head:
        return _without_bom(path, head)
    _refuse_nul_bytes(path)
    return _eight_bit(path, head)


def _in_wanted(path: Path, wanted: str) -> Encoding:
    """The encoding that the user chose, if the file can be read in it."""
    try:
        name = codecs.lookup(wanted).name
        "".encode(name)
    except (LookupError, ValueError):
        # Codecs that are no text encoding, like "hex", give a LookupError here.
        raise ReadError(_("There is no encoding named %(name)s.") % {"name": wanted}) from None
    name = {"gbk": "gb18030", "gb2312": "gb18030", "utf-8": "utf-8-sig"}.get(name, name)
    broken = _broken(path, name)
    if broken * _BROKEN_SHARE > max(path.stat().st_size, _BROKEN_SHARE * 3):
        raise ReadError(_("The file is not in the encoding %(name)s. Choose another encoding.") % {"name": wanted})
    _refuse_nul_text(path, name)
    return Encoding(name, broken)


def _without_bom(path: Path, head: bytes) -> Encoding:
    """UTF-16 without its mark has a NUL beside each ASCII character; any other NUL is refused."""
    stray = head.count(0) < 0.2 * len(head) and not _damage(head)
    for name, letters, zeros in (("utf-16-le", head[0::2], head[1::2]), ("utf-16-be", head[1::2], head[0::2])):
        lined = any(mark in head.decode(name, "ignore") for mark in "\r\n")
        if (
            not stray
            and lined
            and b"\0" not in letters
            and zeros.count(0) > 0.05 * len(zeros)
            and not _broken(path, name)
        ):
            return Encoding(name)
    raise _holds_nul()


def _damage(head: bytes) -> bool:
    """Whether the sample is not UTF-8 (a character cut off at its end is none)."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return True
    return False


def _eight_bit(path: Path, head: bytes) -> Encoding:
    """UTF-8 if nearly all of it is; GB18030 if that reads as Chinese; else the best guess."""
    in_utf8 = _broken(path, "utf-8")
    if not in_utf8:
        return Encoding("utf-8")
    tolerated = max(path.stat().st_size // _BROKEN_SHARE, 1)
    # One broken byte among many good UTF-8 characters is damage, not another encoding.
    if in_utf8 <= tolerated and _characters(head, "utf-8") > 20 * in_utf8:
        return Encoding("utf-8", in_utf8)
    in_gb = _broken(path, "gb18030")
    if in_gb <= (tolerated if in_gb else 0) and _reads_as_chinese(head):
        return Encoding("gb18030", in_gb)
    guess = from_bytes(head, cp_isolation=_GUESSED).best()
    if guess is not None and not _broken(path, guess.encoding):
        return Encoding(guess.encoding)
    if not in_gb:
        return Encoding("gb18030")
    raise ReadError(_("The file's encoding is not recognised. Save it as “CSV UTF-8” and choose it again."))


def _broken(path: Path, name: str) -> int:
    """How many sequences of bytes are no characters in this encoding."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            pass
        else:
            return 0
        file.seek(0)
        decoder = codecs.getincrementaldecoder(name)("replace")
        found = 0
        while block := file.read(_BLOCK):
            found += decoder.decode(block).count("\ufffd")
        return max(found + decoder.decode(b"", True).count("\ufffd"), 1)


def _characters(head: bytes, name: str) -> int:
    """How many characters beyond ASCII the sample holds."""
    return sum(character > "\x7f" and character != "\ufffd" for character in head.decode(name, "replace"))


def _reads_as_chinese(head: bytes) -> bool:
    """Whether half of the Chinese is in everyday characters, not in the rare ones that other encodings make."""
    beyond = [character for character in head.decode("gb18030", "ignore") if character > "\x7f"]
    everyday = sum(_everyday(character) for character in set(beyond))
    return not beyond or everyday >= 0.5 * len(set(beyond))


def _everyday(character: str) -> bool:
    """Whether GB 2312's first level, its punctuation or full-width forms have the character."""
    try:
        lead = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return lead <= 0xD7


def _refuse_nul_bytes(path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\0" in block:
                raise _holds_nul()


def _refuse_nul_text(path: Path, name: str) -> None:
    with path.open(encoding=name, errors="replace", newline="") as file:
        while block := file.read(_BLOCK):
            if "\0" in block:
                raise _holds_nul()


def _holds_nul() -> ReadError:
    return ReadError(
        _("The file holds NUL characters, so it is no text table. Save it as CSV or XLSX and choose it again.")
    )
