"""Reading XML with expat: no tree is kept, and a document type declaration (entity bombs) is refused."""

import re
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

Attributes = dict[str, str]
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class BadWorkbook(Exception):
    """The code of what is wrong."""


def unescape(text: str) -> str:
    """``_x000A_`` → a line feed; NUL and surrogates fall out."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda match: _character(int(match[1], 16)), text)


def _character(code: int) -> str:
    return "" if code == 0 or 0xD800 <= code < 0xE000 else chr(code)


def make_parser(
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
) -> expat.XMLParserType:
    """An expat parser that calls with local names and refuses document types."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    local: dict[str, str] = {}

    def name(tag: str) -> str:
        return local.get(tag) or local.setdefault(tag, tag.rpartition(":")[2])

    def refuse(*_declaration: object) -> None:
        raise BadWorkbook("broken")

    parser.StartElementHandler = lambda tag, attributes: start(name(tag), attributes)
    if end:
        parser.EndElementHandler = lambda tag: end(name(tag))
    if data:
        parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def parse(file: IO[bytes], **handlers: Callable) -> None:
    """Reads the whole XML part."""
    make_parser(**handlers).ParseFile(file)
