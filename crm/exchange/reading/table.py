"""An uploaded file as a table: columns with unique names, rows with their line numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

from django.utils.translation import gettext as _

from . import vcard
from .decode import Encoding, detect_encoding
from .delimited import Dialect, records, sniff
from .errors import ReadError
from .header import SEARCHED, Record, common_width, find_header, headings
from .sheets import check_archive, list_sheets, sheet_rows

MAX_BYTES = 500 << 20
MAX_WORKBOOK_BYTES = 100 << 20
MAX_COLUMNS = 1000
_LOOKED_AT = 200
_SAMPLE = 20
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_FORMATS = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"PK\x05\x06",
    b"SQLite",
    b"{\\rtf",
)


class _Source(Protocol):
    def __call__(self) -> Iterator[Record]: ...


@dataclass
class Table:
    """``rows`` begins anew each time it is asked for; cells are texts as they stand in the file.

    ``header_row`` is the line of the headings, None when there are none. ``too_long`` tells, for the lines
    read so far, how many cells stood in rows that have more than there are columns; these are cut off.
    ``broken_characters`` is how many characters could not be read and show as �.
    """

    columns: list[str]
    encoding: str
    delimiter: str | None
    sheets: list[str]
    sheet: str | None
    header_row: int | None
    sample: list[Record] = field(default_factory=list)
    too_long: dict[int, int] = field(default_factory=dict)
    broken_characters: int = 0
    first_row: int = 1
    _source: _Source | None = field(default=None, repr=False)

    @property
    def rows(self) -> Iterator[Record]:
        """(line number in the file, one cell for each column) of each row that is not empty."""
        assert self._source is not None
        return self.fitted(self._source())

    def fitted(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records below the headings, cut and filled to the columns."""
        width = len(self.columns)
        padding = [""] * width
        for line, cells in records:
            if line < self.first_row or not any(cells) or not any(map(str.strip, cells)):
                continue
            missing = width - len(cells)
            if missing > 0:
                cells = cells + padding[:missing]
            elif missing < 0:
                if any(map(str.strip, cells[width:])):
                    self.too_long[line] = len(cells)
                cells = cells[:width]
            yield line, cells


def open_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    no_header: bool = False,
    skip: int = 0,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Table:
    """The table of a CSV, TXT or XLSX file or an address book (vCard), told apart by content. ReadError says what to do instead.

    ``header_row`` is the line of the headings (found when None), ``no_header`` names the columns by number,
    ``skip`` leaves out so many lines at the top first. ``sheet`` is the first shown one by default.
    """
    file = Path(path)
    head = _checked_head(file)
    if head.startswith(_ZIP):
        _check_size(file, MAX_WORKBOOK_BYTES)
        check_archive(file)
        sheets = list_sheets(file)
        chosen = sheet or sheets[0]
        table = Table([], "", None, sheets, chosen, None, _source=partial(sheet_rows, file, chosen))
    elif vcard.BEGIN in head[:200].lower():
        _check_size(file, MAX_WORKBOOK_BYTES)
        table = Table([], "", None, [], None, None, _source=partial(vcard.rows, file))
        header_row, no_header, skip = 1, False, 0
    else:
        found, dialect = _text_format(file, encoding, delimiter)
        table = Table([], found.name, dialect.delimiter, [], None, None, broken_characters=found.broken)
        table._source = partial(records, file, found, dialect)
    looked_at = _name_columns(table, header_row, no_header, skip)
    table.sample = list(islice(table.fitted(looked_at), _SAMPLE))
    table.too_long.clear()
    return table


def _text_format(file: Path, encoding: str | None, delimiter: str | None) -> tuple[Encoding, Dialect]:
    _check_size(file, MAX_BYTES)
    found = detect_encoding(file, encoding)
    return found, sniff(file, found, delimiter)


def _name_columns(table: Table, header_row: int | None, no_header: bool, skip: int) -> list[Record]:
    """Finds the headings and the line at which the rows begin; gives the first rows back."""
    assert table._source is not None
    unnamed = _("Column %(number)s")
    source = table._source()
    first_wanted = max(skip + 1, header_row or 1)
    looked = ((line, cells) for line, cells in source if line >= first_wanted and any(map(str.strip, cells)))
    looked_at = list(islice(looked, _LOOKED_AT))
    if not looked_at:
        raise ReadError(_("There are no rows here. Choose another sheet, or skip fewer lines."))
    index: int | None = None
    if not no_header:
        index = 0 if header_row is not None else find_header(looked_at[: SEARCHED + 50])
    if index is None:
        width = _width(looked_at, [])
        table.columns = headings([], width, unnamed)
        table.first_row = looked_at[0][0]
        return looked_at
    line, cells = looked_at[index]
    named = [cell.strip() for cell in cells]
    while named and not named[-1]:
        named.pop()
    table.header_row, table.first_row = line, line + 1
    table.columns = headings(cells, _width(looked_at[index + 1 :], named), unnamed)
    return looked_at


def _width(rows: list[Record], named: list[str]) -> int:
    """As many columns as have a heading, or more where most rows have more."""
    width = max(len(named), common_width(rows))
    if width > MAX_COLUMNS:
        raise ReadError(
            _("The table has more than %(columns)s columns. Delete those that are not needed.")
            % {"columns": MAX_COLUMNS}
        )
    return width


def _check_size(file: Path, limit: int) -> None:
    if file.stat().st_size > limit:
        raise ReadError(_("The file is larger than %(size)s MB. Divide it into smaller files.") % {"size": limit >> 20})


def _checked_head(file: Path) -> bytes:
    """The first bytes; ReadError for formats that are no table."""
    try:
        with file.open("rb") as opened:
            head = opened.read(4096)
    except OSError:
        raise ReadError(_("The file cannot be opened. Choose it again.")) from None
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in _start_of(file):
            raise ReadError(_("The workbook is protected by a password. Save it without one and choose it again."))
        raise ReadError(_("This is an old Excel workbook (.xls). Save it as .xlsx or CSV and choose that file."))
    if head.startswith(_OTHER_FORMATS):
        raise ReadError(_("This is no table. Choose a CSV, TXT or XLSX file."))
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        raise ReadError(
            _("This is a web page, though its name may end in .xls. Open it in Excel or WPS and save it as .xlsx.")
        )
    return head


def _start_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(1 << 20)
