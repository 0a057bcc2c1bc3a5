"""The HTML of mails: cleaned at the door, its images kept away, and read as plain text."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import nh3

LONGEST = 1_000_000
TAGS = {
    *"a abbr b blockquote br caption center code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins li".split(),
    *"ol p pre q s small span strike strong sub sup table tbody td tfoot th thead tr u ul".split(),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
}
REMOTE = ("http:", "https:", "//")
BLOCKS = frozenset("address blockquote br caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul".split())


def clean(html: str) -> str:
    """HTML of a stranger without anything that acts, looks up or styles; images only as addresses, see ``shown``."""
    return nh3.clean(
        html[:LONGEST],
        tags=TAGS,
        clean_content_tags={"head", "script", "style", "template", "title", "noscript"},
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def shown(html: str, image: Callable[[str], str | None]) -> str:
    """Cleaned HTML with each image at the address that ``image(src)`` gives, and without those for which it gives none."""

    def replace(tag: str, attribute: str, value: str) -> str | None:
        return image(value) if (tag, attribute) == ("img", "src") else value

    return nh3.clean(
        html,
        tags=TAGS,
        attributes={**ATTRIBUTES, "a": {"href", "title", "target"}},
        attribute_filter=replace,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="pass_through",
        link_rel="noopener noreferrer nofollow",
    )


def is_remote(src: str) -> bool:
    """Whether fetching the image would tell somebody that the mail was read."""
    return src.strip().lower().startswith(REMOTE)


class _Reader(HTMLParser):
    """Collects the words, with a line a block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.remote = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.pieces.append("\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")
        elif tag == "img" and is_remote(dict(attrs).get("src") or ""):
            self.remote += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS - {"br", "hr"}:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        before, after = " " * data[:1].isspace(), " " * data[-1:].isspace()
        self.pieces.append(f"{before}{' '.join(data.split())}{after}")


def read(cleaned: str) -> tuple[str, int]:
    """(the words of cleaned HTML, how many images it would fetch from elsewhere)."""
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).split("\n")]
    kept = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join(kept).strip(), reader.remote
