"""The uploaded file as rows, the way the person said it is to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from crm.exchange.importing.rows import Row
from crm.exchange.models import Import
from crm.exchange.reading.table import Table, open_table
from crm.lib.formulas import denaturalise
from crm.lib.text import fold


def table_of(run: Import) -> Table:
    """The table of the upload; ReadError with what to do when it can't be read."""
    reading = run.reading
    return open_table(
        Path(run.file.path),
        sheet=reading.get("sheet") or None,
        header_row=reading.get("header_row"),
        no_header=bool(reading.get("no_header")),
        skip=int(reading.get("skip") or 0),
        encoding=reading.get("encoding") or None,
        delimiter=reading.get("delimiter") or None,
    )


def batches(run: Import, size: int, *, after: int = 0) -> Iterator[list[Row]]:
    """The rows in batches; ``after`` leaves out as many rows as are done already."""
    table = table_of(run)
    rows = (
        Row(line, [denaturalise(cell) if cell[:1] == "'" else cell for cell in cells])
        for line, cells in islice(table.rows, after, None)
    )
    while batch := list(islice(rows, size)):
        if table.too_long:
            _note_cut(batch, table)
        yield batch


def _note_cut(batch: list[Row], table: Table) -> None:
    """Say of each row that had more cells than there are columns that the rest was not read."""
    for row in batch:
        if (count := table.too_long.pop(row.line, None)) is not None:
            told = {"count": count, "columns": len(table.columns)}
            row.notes.append(
                _("The row has %(count)s cells, but there are %(columns)s columns: the rest was left out.") % told
            )


def signature(headings: Sequence[str]) -> str:
    """The same for the same headings, however they are spelled."""
    return hashlib.sha256("\x1f".join(fold(h).strip() for h in headings).encode()).hexdigest()
