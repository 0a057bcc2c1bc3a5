"""Copies the used files of node_modules into static/vendor and draws the icon sprite. Run: ``python -m crm.embedded.assets``."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
ICON_NAMES = ROOT / "static" / "img" / "icons.txt"

FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler-vendors.min.css": "@tabler/core/dist/css/tabler-vendors.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "sortable.min.js": "sortablejs/Sortable.min.js",
    "tom-select.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "fullcalendar.min.js": "fullcalendar/index.global.min.js",
    "fullcalendar-zh-cn.min.js": "@fullcalendar/core/locales/zh-cn.global.min.js",
}
SOURCE_MAP = re.compile(r"(/\*[#@]\s*sourceMappingURL=.*?\*/|//[#@]\s*sourceMappingURL=.*$)", re.MULTILINE)

# Icon fonts that a library carries inside of it: the page allows none, and none is used.
INNER_FONT = re.compile(r"@font-face\{[^}]*data:application/x-font-ttf[^}]*\}")


class AssetError(Exception):
    """An asset is missing; the message says what to do."""


def copy_files(modules: Path = MODULES, vendor: Path = VENDOR) -> list[Path]:
    """Copy FILES into ``vendor`` without their source map comments (the hashed storage would look for the maps)."""
    vendor.mkdir(parents=True, exist_ok=True)
    written = []
    for name, source in FILES.items():
        path = modules / source
        if not path.is_file():
            raise AssetError(f"{path} is missing: run npm ci.")
        target = vendor / name
        target.write_text(INNER_FONT.sub("", SOURCE_MAP.sub("", path.read_text(encoding="utf-8"))), encoding="utf-8")
        written.append(target)
    return written


def icon_names(path: Path = ICON_NAMES) -> list[str]:
    """The names in icons.txt, one a line; empty lines and # comments are skipped."""
    if not path.is_file():
        return []
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sorted({line for line in lines if line})


def symbol(name: str, source: Path) -> str:
    """One icon as a <symbol>, without Tabler's invisible bounding box."""
    shapes = [shape for shape in ElementTree.parse(source).getroot() if shape.get("stroke") != "none"]
    body = "".join(
        f"<{shape.tag.rpartition('}')[2]} " + " ".join(f'{k}="{v}"' for k, v in shape.items()) + "/>"
        for shape in shapes
    )
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{body}</symbol>'
    )


def sprite(names: list[str], modules: Path = MODULES) -> str:
    """One SVG with a <symbol> an icon: ``<svg class="icon"><use href="…/icons.svg#home"/></svg>``."""
    sources = {name: modules / "@tabler/icons/icons/outline" / f"{name}.svg" for name in names}
    missing = [name for name, source in sources.items() if not source.is_file()]
    if missing:
        raise AssetError(f"static/img/icons.txt names icons that Tabler does not have: {', '.join(missing)}.")
    symbols = "\n".join(symbol(name, source) for name, source in sources.items())
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>\n'


def build() -> None:
    """Fill static/vendor."""
    copy_files()
    (VENDOR / "icons.svg").write_text(sprite(icon_names()), encoding="utf-8")


def main() -> int:
    """The exit code."""
    try:
        build()
    except AssetError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
