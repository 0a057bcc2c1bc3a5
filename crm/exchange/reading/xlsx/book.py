"""The parts of an .xlsx file: its sheets, styles and strings."""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import IO

from .formats import BUILT_IN, Kind, kind_of
from .parsing import Attributes, BadWorkbook, make_parser, parse, unescape
from .rows import SheetReader

_BLOCK = 1 << 16


class Workbook:
    """Names of the sheets (hidden ones last) and the rows of each."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {name.lower().lstrip("/"): name for name in archive.namelist()}
        self.part = self._workbook_part()
        self.epoch_1904 = False
        self.sheets = self._read_sheets()
        self.kinds = self._read_styles()
        self.strings: list[str] = []

    def _open(self, part: str) -> IO[bytes]:
        return self.archive.open(self.names[part.lower().lstrip("/")])

    def _relations(self, part: str) -> list[Attributes]:
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path.lower().lstrip("/") not in self.names:
            return []
        found: list[Attributes] = []
        with self._open(path) as file:
            parse(file, start=lambda tag, attributes: found.append(attributes) if tag == "Relationship" else None)
        for relation in found:
            target = relation.get("Target", "")
            relation["Target"] = posixpath.normpath(
                target if target.startswith("/") else posixpath.join(folder, target)
            )
        return found

    def _workbook_part(self) -> str:
        for relation in self._relations(""):
            if relation.get("Type", "").endswith("/officeDocument"):
                return relation["Target"].lstrip("/")
        if "xl/workbook.xml" in self.names:
            return "xl/workbook.xml"
        raise BadWorkbook("unknown")

    def _part_of_type(self, ending: str) -> str | None:
        for relation in self._relations(self.part):
            if relation.get("Type", "").endswith(f"/{ending}") and relation["Target"].lower().lstrip("/") in self.names:
                return relation["Target"]
        return None

    def _read_sheets(self) -> dict[str, str]:
        """Name → part of each worksheet; charts and macros have no rows and are left out."""
        targets = {
            one["Id"]: one["Target"] for one in self._relations(self.part) if one.get("Type", "").endswith("/worksheet")
        }
        shown: dict[str, str] = {}
        hidden: dict[str, str] = {}

        def start(tag: str, attributes: Attributes) -> None:
            if tag == "workbookPr":
                self.epoch_1904 = attributes.get("date1904") in {"1", "true"}
            elif tag == "sheet":
                identity = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                if identity in targets:
                    place = shown if attributes.get("state", "visible") == "visible" else hidden
                    place[attributes["name"]] = targets[identity]

        with self._open(self.part) as file:
            parse(file, start=start)
        if not shown and not hidden:
            raise BadWorkbook("unknown")
        return shown | hidden

    def _read_styles(self) -> list[Kind]:
        """How the numbers of each cell style are shown."""
        part = self._part_of_type("styles")
        codes: dict[int, str] = {}
        numbers: list[int] = []
        inside = [False]

        def start(tag: str, attributes: Attributes) -> None:
            if tag == "numFmt":
                codes.setdefault(int(attributes["numFmtId"]), attributes.get("formatCode", ""))
            elif tag == "cellXfs":
                inside[0] = True
            elif tag == "xf" and inside[0]:
                numbers.append(int(attributes.get("numFmtId", 0)))

        def end(tag: str) -> None:
            if tag == "cellXfs":
                inside[0] = False

        if part:
            with self._open(part) as file:
                parse(file, start=start, end=end)
        return [kind_of(codes.get(number) or BUILT_IN.get(number, "")) for number in numbers]

    def _read_strings(self) -> list[str]:
        """The shared strings, without the reading aids (phonetic text) beside them."""
        part = self._part_of_type("sharedStrings")
        strings: list[str] = []
        pieces: list[str] = []
        state = {"text": False, "aid": False}

        def start(tag: str, _attributes: Attributes) -> None:
            if tag == "t":
                state["text"] = not state["aid"]
            elif tag == "rPh":
                state["aid"] = True
            elif tag == "si":
                pieces.clear()

        def end(tag: str) -> None:
            if tag == "t":
                state["text"] = False
            elif tag == "rPh":
                state["aid"] = False
            elif tag == "si":
                strings.append(unescape("".join(pieces)))

        def data(text: str) -> None:
            if state["text"]:
                pieces.append(text)

        if part:
            with self._open(part) as file:
                parse(file, start=start, end=end, data=data)
        return strings

    def rows(self, sheet: str) -> Iterator[tuple[int, list[str]]]:
        """(row number, cells up to the last filled one) of each row that is not empty."""
        self.strings = self.strings or self._read_strings()
        reader = SheetReader(self)
        with self._open(self.sheets[sheet]) as file:
            parser = make_parser(reader.start, reader.end, reader.data)
            while block := file.read(_BLOCK):
                parser.Parse(block, False)
                yield from reader.taken()
            parser.Parse(b"", True)
        yield from reader.taken()
