"""Reading the files that people upload: text tables and workbooks of any kind, safely, row by row."""
