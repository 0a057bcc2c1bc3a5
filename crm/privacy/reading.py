"""Whether a file holds a value: plain text in any usual encoding, and what lies in archives (workbooks, documents)."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

# What is larger is not read: it is told as such.
LARGEST = 64 << 20
MOST_UNPACKED = 256 << 20
MOST_MEMBERS = 5000
ENCODINGS = ("utf-8", "gb18030", "utf-16")


def holds(path: Path, finds: re.Pattern[str]) -> bool:
    """Whether the file holds what the pattern finds, as far as it can be read."""
    if not path.is_file() or path.stat().st_size > LARGEST:
        return False
    return any(finds.search(text) for data in _parts(path) for text in _texts(data))


def _parts(path: Path) -> Iterator[bytes]:
    if not zipfile.is_zipfile(path):
        yield path.read_bytes()
        return
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist()[:MOST_MEMBERS]:
                yield member.filename.encode()
                if member.file_size <= left and not member.flag_bits & 1:
                    data = archive.read(member)
                    left -= len(data)
                    yield data
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError):
        return


def _texts(data: bytes) -> Iterator[str]:
    for encoding in ENCODINGS:
        try:
            yield data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8":
            return
    yield data.decode("latin-1")
