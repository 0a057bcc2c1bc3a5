"""Rows as CSV and XLSX that any spreadsheet opens and none takes for formulas; constant memory."""

from __future__ import annotations

import csv
import datetime
import re
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from crm.exchange.reading.neutralise import neutralise

FORMATS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
CHUNK_ROWS = 500
LONGEST_CELL = 32_767
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _Echo:
    """What ``csv.writer`` writes to: hands each line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """CSV in UTF-8 with a BOM, as Excel and WPS expect it, some hundred rows at a time."""
    writer = csv.writer(_Echo())
    chunk: list[str] = []
    yield b"\xef\xbb\xbf"
    for row in rows:
        chunk.append(writer.writerow([csv_cell(value) for value in row]))
        if len(chunk) == CHUNK_ROWS:
            yield "".join(chunk).encode("utf-8", "replace")
            chunk.clear()
    yield "".join(chunk).encode("utf-8", "replace")


def csv_cell(value: Any) -> str:
    """A value as text; numbers and dates are ours and need no guard."""
    if isinstance(value, str):
        return neutralise(value)
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def write_csv(rows: Iterable[Iterable[Any]], file: BinaryIO) -> None:
    """Write rows as CSV."""
    for chunk in csv_lines(rows):
        file.write(chunk)


def write_workbook(rows: Iterable[Iterable[Any]], file: BinaryIO) -> None:
    """Write rows as a workbook with one sheet, the first row bold and frozen. Memory does not grow with the rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.freeze_panes = "A2"
    first = True
    for row in rows:
        cells = [workbook_cell(value) for value in row]
        sheet.append([_bold(sheet, cell) for cell in cells] if first else cells)
        first = False
    book.save(file)


def workbook_cell(value: Any) -> Any:
    """A value as a cell: numbers, days and moments stay what they are, texts are guarded."""
    if isinstance(value, str):
        return neutralise(_UNPRINTABLE.sub("", value))[:LONGEST_CELL]
    if isinstance(value, datetime.datetime):
        return localtime(value).replace(tzinfo=None)
    if value is None or isinstance(value, int | float | Decimal | datetime.date):
        return value
    return neutralise(str(value))[:LONGEST_CELL]


def _bold(sheet: Any, value: Any) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=value)
    cell.font = Font(bold=True)
    return cell


WRITERS = {"csv": write_csv, "xlsx": write_workbook}


def download(rows: Iterable[Iterable[Any]], name: str, format: str) -> HttpResponseBase:
    """Rows as an attachment: CSV flows as it is made, a workbook is finished on disk first. 404 for other formats."""
    if format == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv_lines(rows))
    elif format == "xlsx":
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
        write_workbook(rows, file)
        file.seek(0)
        response = FileResponse(file)
    else:
        raise Http404
    response.headers["Content-Type"] = FORMATS[format]
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{name}.{format}")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def temporary(format: str) -> Path:
    """A file to write a result into; the caller deletes it."""
    with tempfile.NamedTemporaryFile(suffix=f".{format}", delete=False) as file:
        return Path(file.name)
