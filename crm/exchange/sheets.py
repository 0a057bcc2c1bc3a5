"""Rows as CSV and XLSX that any spreadsheet opens and none takes for formulas; constant memory."""

from __future__ import annotations

import csv
import datetime
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime

from crm.exchange.workbook import write_workbook
from crm.lib.formulas import neutralise

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CHUNK_ROWS = 500


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
