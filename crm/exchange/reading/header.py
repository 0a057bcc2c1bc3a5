"""Which row of a table holds the headings."""

import re
from collections import Counter
from collections.abc import Sequence

from crm.lib.text import clean_line

Record = tuple[int, list[str]]

SEARCHED = 20
_BELOW = 50
_LONGEST = 200
_VALUE = re.compile(
    r"[-+(¥￥$€£]*\s*[\d.,\s]+\s*[%)元万亿]*|\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[t\s].*)?|\+?[\d\s()-]{7,20}|[^@\s]+@[^@\s]+\.[^@\s]+|https?://\S+",
    re.IGNORECASE,
)


def find_header(records: Sequence[Record]) -> int | None:
    """The index of the heading row among the first records; None when there seems to be none.

    It is a row filled over most of the table's width with texts, above columns of numbers, dates or
    addresses; where all columns are texts, the first such row whose texts do not come again below.
    """
    width = common_width(records)
    candidates = [index for index, (_line, cells) in enumerate(records[:SEARCHED]) if _could_be(cells, width)]
    if not candidates:
        return None
    for index in candidates:
        # Of two heading rows (merged groups, then names) the lower one names the columns.
        below = index + 1
        if below in candidates and _fills_gaps(records, index) and _above_values(records, below):
            return below
        if _above_values(records, index):
            return index
        # A row with a text in each column is the headings themselves, not a preamble to them.
        if all(map(str.strip, records[index][1][:width])) or any(map(_is_value, _next_cells(records, index))):
            break
    first = candidates[0]
    # A row of values just above the candidate means that it stands in the middle of the data.
    if any(_could_be_data(cells, width) for _line, cells in records[:first]):
        return None
    return None if _comes_again(records, first) else first


def common_width(records: Sequence[Record]) -> int:
    """The commonest number of cells up to the last filled one; the larger of equals."""
    widths = Counter(width for _line, cells in records if (width := _filled_width(cells)))
    return max(widths, key=lambda width: (widths[width], width), default=0)


def headings(cells: Sequence[str], width: int, unnamed: str) -> list[str]:
    """Unique headings for so many columns; ``unnamed`` holds ``%(number)s``."""
    names: list[str] = []
    taken: set[str] = set()
    for number in range(1, width + 1):
        name = _heading(cells[number - 1]) if number <= len(cells) else ""
        name = name or unnamed % {"number": number}
        unique, copy = name, 2
        while unique.casefold() in taken:
            unique = f"{name} ({copy})"
            copy += 1
        taken.add(unique.casefold())
        names.append(unique)
    return names


def _heading(cell: str) -> str:
    try:
        return " ".join(clean_line(cell).split())[:_LONGEST]
    except ValueError:
        return ""


def _filled_width(cells: Sequence[str]) -> int:
    return next((number for number in range(len(cells), 0, -1) if cells[number - 1].strip()), 0)


def _is_value(cell: str) -> bool:
    """Whether the cell is a number, date, phone, e-mail or web address rather than words."""
    text = cell.strip()
    return bool(text) and bool(_VALUE.fullmatch(text[:100]))


def _could_be(cells: Sequence[str], width: int) -> bool:
    """Filled over more than half of the width, with short texts that hold no values."""
    filled = [cell.strip() for cell in cells[:width] if cell.strip()]
    return (
        len(filled) * 2 > width > 0
        and not any(_is_value(cell) for cell in filled)
        and all(len(cell) <= _LONGEST for cell in filled)
        and len({cell.casefold() for cell in filled}) * 2 > len(filled)
    )


def _could_be_data(cells: Sequence[str], width: int) -> bool:
    filled = [cell for cell in cells[:width] if cell.strip()]
    return width > 1 and len(filled) * 2 > width and any(_is_value(cell) for cell in filled)


def _above_values(records: Sequence[Record], index: int) -> bool:
    """Whether a column that has a text here has mostly values below."""
    rows = [cells for _line, cells in records[index + 1 : index + 1 + _BELOW]]
    for column, cell in enumerate(records[index][1]):
        if not cell.strip():
            continue
        below = [row[column] for row in rows if column < len(row) and row[column].strip()]
        if below and sum(map(_is_value, below)) >= 0.6 * len(below):
            return True
    return False


def _fills_gaps(records: Sequence[Record], index: int) -> bool:
    """Whether the row below has texts where this one, of merged groups, has none."""
    upper, lower = records[index][1], records[index + 1][1]
    return any(
        cell.strip() and not (column < len(upper) and upper[column].strip()) for column, cell in enumerate(lower)
    )


def _next_cells(records: Sequence[Record], index: int) -> list[str]:
    return records[index + 1][1] if index + 1 < len(records) else []


def _comes_again(records: Sequence[Record], index: int) -> bool:
    """Whether a text of the row stands in the same column below, as values do and headings do not."""
    rows = [cells for _line, cells in records[index + 1 :]]
    return any(
        any(column < len(row) and row[column].strip() == cell.strip() for row in rows)
        for column, cell in enumerate(records[index][1])
        if cell.strip()
    )
