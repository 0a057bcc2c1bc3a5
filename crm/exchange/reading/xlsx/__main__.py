"""``python -I …/xlsx FILE [SHEET]``: run as a directory, so that nothing else of the project is loaded."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from xlsx.stream import main  # noqa: E402  the line above makes it importable

main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
