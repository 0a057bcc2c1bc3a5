"""Cells of exported files that no spreadsheet takes for a formula, and that read back unchanged."""

import re

from crm.lib.folding import INVISIBLE

_STARTS = frozenset("=+-@＝＋－＠\t\r\n")
_SKIPPED = (
    "".join(INVISIBLE) + " \u00a0\u3000\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
)
_NEGATIVE_NUMBER = re.compile(r"-(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?%?")


def neutralise(cell: str) -> str:
    """The cell with ' before it if a spreadsheet could run it; plain negative numbers stay.

    A cell that already looks so marked gets one more mark, so that `denaturalise` is its exact inverse.
    """
    return f"'{cell}" if _dangerous(cell.lstrip("'")) else cell


def denaturalise(cell: str) -> str:
    """The text that was neutralised; every other text as it is."""
    return cell[1:] if cell[:1] == "'" and _dangerous(cell.lstrip("'")) else cell


def _dangerous(cell: str) -> bool:
    """Whether the text starts a formula, also behind spaces and characters that show nothing."""
    if cell[:1] in {"\t", "\r", "\n"}:
        return True
    bare = cell.lstrip(_SKIPPED)
    return bare[:1] in _STARTS and bare != "" and not _NEGATIVE_NUMBER.fullmatch(cell)
