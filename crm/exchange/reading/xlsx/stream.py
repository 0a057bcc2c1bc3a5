"""The child process that reads a workbook under limits and writes it as lines of JSON.

{"sheets": ["Sheet1", …], "sheet": "Sheet1"}
[4, ["cell", …]]                one line for each row that is not empty
{"end": true}  or  {"error": "broken" | "memory" | "columns" | "sheet" | "unknown"}
"""

import json
import resource
import sys
import zipfile
import zlib
from xml.parsers import expat

from .book import Workbook
from .parsing import BadWorkbook

MEMORY = 768 << 20
CPU_SECONDS = 120
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    RuntimeError,
    OverflowError,
)


def main(path: str, sheet: str | None) -> None:
    """Writes the sheet (by default the first) to standard output; errors as a last line."""
    limit()
    try:
        write_sheet(path, sheet)
    except MemoryError:
        finish({"error": "memory"})
    except BadWorkbook as error:
        finish({"error": str(error)})
    except BrokenPipeError:
        sys.exit(1)
    except _BROKEN:
        finish({"error": "broken"})
    else:
        finish({"end": True})


def limit() -> None:
    """Memory, processor time, and no files written."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def write_sheet(path: str, sheet: str | None) -> None:
    """The head line, then the rows."""
    with zipfile.ZipFile(path) as archive:
        book = Workbook(archive)
        chosen = next(iter(book.sheets)) if sheet is None else sheet
        if chosen not in book.sheets:
            raise BadWorkbook("sheet")
        sys.stdout.write(json.dumps({"sheets": list(book.sheets), "sheet": chosen}) + "\n")
        sys.stdout.flush()
        for row in book.rows(chosen):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def finish(last: dict[str, object]) -> None:
    """The last line, on a line of its own."""
    sys.stdout.write("\n" + json.dumps(last) + "\n")
    sys.stdout.flush()
