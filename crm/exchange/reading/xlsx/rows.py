"""The rows of one sheet, collected from the parser's calls."""

from typing import Protocol

from .formats import PLAIN, Kind, shown_number
from .parsing import Attributes, BadWorkbook, unescape

MAX_COLUMNS = 1000


class Book(Protocol):
    """What a sheet needs to know of its workbook."""

    strings: list[str]
    kinds: list[Kind]
    epoch_1904: bool


class SheetReader:
    """Collects rows from expat's calls."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.done: list[tuple[int, list[str]]] = []
        self.row = 0
        self.cells: list[str] = []
        self.column = 0
        self.columns: dict[str, int] = {}
        self.type = "n"
        self.style = 0
        self.reading = False
        self.aid = False
        self.pieces: list[str] = []

    def taken(self) -> list[tuple[int, list[str]]]:
        """The rows finished since the last call."""
        done, self.done = self.done, []
        return done

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "c":
            reference = attributes.get("r")
            self.column = self._column(reference) if reference else self.column + 1
            self.type = attributes.get("t", "n")
            self.style = int(attributes.get("s", 0))
            self.pieces = []
        elif tag == "v" or (tag == "t" and not self.aid):
            self.reading = True
        elif tag == "row":
            self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
            self.cells = []
            self.column = 0
        elif tag == "rPh":
            self.aid = True

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self.reading = False
        elif tag == "c":
            if self.pieces:
                self._keep(self._shown("".join(self.pieces)))
        elif tag == "row":
            if self.cells:
                self.done.append((self.row, self.cells))
        elif tag == "rPh":
            self.aid = False

    def data(self, text: str) -> None:
        if self.reading:
            self.pieces.append(text)

    def _column(self, reference: str) -> int:
        """1 for A; letters are looked up once."""
        letters = reference.rstrip("0123456789")
        number = self.columns.get(letters)
        if number is None:
            number = 0
            for letter in letters.upper():
                number = number * 26 + ord(letter) - 64
            if not 0 < number <= 16384:
                raise BadWorkbook("broken")
            self.columns[letters] = number
        return number

    def _keep(self, text: str) -> None:
        if not text.strip():
            return
        if self.column > MAX_COLUMNS:
            raise BadWorkbook("columns")
        missing = self.column - len(self.cells)
        if missing > 0:
            self.cells.extend([""] * missing)
        self.cells[self.column - 1] = text

    def _shown(self, raw: str) -> str:
        """The value as text, much as the sheet shows it."""
        if self.type == "s":
            return self.book.strings[int(raw)]
        if self.type == "n":
            kinds = self.book.kinds
            return shown_number(raw, kinds[self.style] if self.style < len(kinds) else PLAIN, self.book.epoch_1904)
        if self.type == "b":
            return "TRUE" if raw.strip() == "1" else "FALSE"
        if self.type == "d":
            return raw.replace("T", " ").removesuffix(" 00:00:00").removesuffix("Z")
        return unescape(raw)
