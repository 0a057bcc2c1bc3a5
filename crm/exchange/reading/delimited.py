"""Rows of a text file: delimiter and quoting found from a sample, then read line by line."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _

from .decode import Encoding
from .errors import ReadError

if TYPE_CHECKING:
    import _csv

DELIMITERS = ("\t", "|", ";", ",")
LONGEST_FIELD = 1_000_000
_SAMPLE_CHARACTERS = 200_000
_SAMPLE_RECORDS = 300
_DIRECTIVE = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """``delimiter`` is None for one column of plain text."""

    delimiter: str | None
    quoted: bool = True
    directive: bool = False


def sniff(path: Path, encoding: Encoding, delimiter: str | None = None) -> Dialect:
    """The delimiter that divides most records into the same number of fields, unless one is given."""
    with path.open(encoding=encoding.name, errors=encoding.errors, newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    lines = sample.splitlines(keepends=True)
    if len(sample) == _SAMPLE_CHARACTERS and len(lines) > 1:
        lines.pop()
    directive = _DIRECTIVE.fullmatch(lines[0]) if lines else None
    if directive:
        return Dialect(delimiter or directive[1], directive=True)
    if delimiter:
        return Dialect(delimiter)
    scores = [(score, one) for one in DELIMITERS if (score := _score(lines, one))]
    if scores:
        return Dialect(max(scores, key=lambda pair: pair[0])[1])
    return Dialect(None, quoted=_quoted_lines(lines))


def records(path: Path, encoding: Encoding, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """(line number in the file, cells) of each record, empty ones too; ReadError for a broken one."""
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding=encoding.name, errors=encoding.errors, newline="") as file:
        reader = _reader(file, dialect)
        start = 1
        if dialect.directive:
            next(reader, None)
            start = reader.line_num + 1
        try:
            for cells in reader:
                yield start, cells
                start = reader.line_num + 1
        except csv.Error:
            raise ReadError(
                _(
                    "Line %(line)s holds a field that never ends. Look for a quotation mark too many there, and save the file again."
                )
                % {"line": start}
            ) from None


def _reader(lines: Iterable[str], dialect: Dialect) -> "_csv.Reader":
    # A single column has no delimiter; U+001F stands in for one, as no text has it.
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=dialect.delimiter or "\x1f", quoting=quoting)


def _score(lines: list[str], delimiter: str) -> tuple[float, int] | None:
    """(share of records with the commonest number of fields, that number); None when it does not divide."""
    counts: Counter[int] = Counter()
    try:
        for number, cells in enumerate(_reader(lines, Dialect(delimiter))):
            if number >= _SAMPLE_RECORDS:
                break
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                counts[len(cells)] += 1
    except csv.Error:
        return None
    divided = {fields: times for fields, times in counts.items() if fields > 1}
    if not divided:
        return None
    fields, times = max(divided.items(), key=lambda pair: (pair[1], pair[0]))
    share = times / counts.total()
    # Prose has a comma in many lines; a table has it in nearly all, equally often.
    return (round(share, 1), fields) if share >= 0.6 or (fields > 3 and share >= 0.4) else None


def _quoted_lines(lines: list[str]) -> bool:
    """Whether lines of one column that begin with a quotation mark end with one too."""
    quoted = [line.strip() for line in lines if line.startswith('"')]
    return bool(quoted) and all(len(line) > 1 and line.endswith('"') for line in quoted)
