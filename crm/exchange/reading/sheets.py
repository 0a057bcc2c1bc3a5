"""Workbooks, read by a child process with limits: a hostile file can only end that process."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from .errors import ReadError
from .xlsx.rows import MAX_COLUMNS

MAX_PARTS = 5_000
MAX_UNPACKED = 1 << 30
MAX_RATIO = 100
_SMALL = 32 << 20
_READER = Path(__file__).parent / "xlsx"


def check_archive(path: Path) -> None:
    """ReadError for what is no workbook, is damaged, locked, or unpacks to a suspicious size."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise _broken() from None
    unpacked = sum(part.file_size for part in parts)
    if (
        len(parts) > MAX_PARTS
        or unpacked > MAX_UNPACKED
        or (unpacked > _SMALL and unpacked > MAX_RATIO * path.stat().st_size)
    ):
        raise _too_large()
    if any(part.flag_bits & 1 for part in parts):
        raise _locked()
    names = {part.filename.lower() for part in parts}
    if not any(name.endswith("workbook.xml") for name in names):
        raise _unknown(names)


def list_sheets(path: Path) -> list[str]:
    """The names of the sheets with rows, hidden ones last."""
    with closing(_lines(path, None)) as lines:
        return next(lines)["sheets"]


def sheet_rows(path: Path, sheet: str | None) -> Generator[tuple[int, list[str]], None, None]:
    """(row number, cells) of each row that is not empty. Closing the iterator ends the child process."""
    with closing(_lines(path, sheet)) as lines:
        next(lines)
        yield from lines


def _lines(path: Path, sheet: str | None) -> Generator[Any, None, None]:
    """What the child process writes, parsed; its errors as ReadError."""
    command = [sys.executable, "-I", "-X", "utf8", str(_READER), str(path.resolve())]
    child = subprocess.Popen(
        command if sheet is None else [*command, sheet],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if line == "\n":
                continue
            try:
                value = json.loads(line)
            except ValueError:
                break
            if isinstance(value, dict) and "error" in value:
                raise _error(value["error"])
            if isinstance(value, dict) and "end" in value:
                return
            yield value
        # Killed by its limits, or died without a word.
        raise _too_large()
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _error(code: str) -> ReadError:
    if code in {"memory", "columns"}:
        return _too_large() if code == "memory" else _too_wide()
    if code == "sheet":
        return ReadError(_("The workbook has no such sheet. Choose one of its sheets."))
    return _unknown(set()) if code == "unknown" else _broken()


def _broken() -> ReadError:
    return ReadError(
        _("The workbook is damaged. Open it in Excel or WPS, save it again as .xlsx, and choose that file.")
    )


def _too_large() -> ReadError:
    return ReadError(
        _("The workbook is too large to open safely. Save the sheet as CSV, or divide it into smaller files.")
    )


def _too_wide() -> ReadError:
    return ReadError(
        _("The sheet has more than %(columns)s columns. Delete those that are not needed.") % {"columns": MAX_COLUMNS}
    )


def _locked() -> ReadError:
    return ReadError(_("The workbook is protected by a password. Save it without one and choose it again."))


def _unknown(names: set[str]) -> ReadError:
    if any(name == "content.xml" for name in names):
        return ReadError(_("This is an OpenDocument file. Save it as .xlsx or CSV and choose that file."))
    if any(name.endswith("workbook.bin") for name in names):
        return ReadError(_("This is a binary workbook (.xlsb). Save it as .xlsx and choose that file."))
    return ReadError(_("This is no workbook. Choose a CSV, TXT or XLSX file."))
