"""Reading the files that people upload: text tables and workbooks of any kind, safely, row by row."""

from .errors import ReadError
from .table import Table, open_table

__all__ = ["ReadError", "Table", "open_table"]
