"""The pages of a content as pictures, drawn when somebody first looks at one; and with a mark across, burnt in."""

from __future__ import annotations

import io
import subprocess
from functools import cache as once
from pathlib import Path

from django.core.cache import cache
from PIL import Image, ImageDraw, ImageFont

from crm.files.models import FileVersion
from crm.files.previews import SIZES, count_pages, draw
from crm.files.storage import preview_path
from crm.files.types import PDF

MOST = 200
"""Pages that are shown of one content."""
DAY = 24 * 3600
TURN = 30


def pages_of(version: FileVersion) -> int:
    """How many pictures there are of it."""
    if version.preview != FileVersion.Preview.READY:
        return 0
    if version.content_type != PDF:
        return 1
    return min(MOST, cache.get_or_set(f"files.pages.{version.sha256}", lambda: count_pages(version.sha256), DAY) or 0)


def page_picture(version: FileVersion, number: int) -> Path | None:
    """Where the picture of a page lies; the first is 1."""
    if not 1 <= number <= pages_of(version):
        return None
    if number == 1:
        return preview_path(version.sha256, "large")
    size = f"page{number}"
    drawn = draw(version.sha256, version.content_type, {size: SIZES["large"]}, number)
    return preview_path(version.sha256, size) if drawn else None


def marked(picture: Path, text: str) -> bytes:
    """The picture with a text all over it, slantwise."""
    with Image.open(picture) as opened:
        page = opened.convert("RGBA")
    size = max(14, page.width // 45)
    font = _font(size)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    wide, high = right - left + 5 * size, bottom - top + 7 * size
    side = int((page.width**2 + page.height**2) ** 0.5) + wide
    sheet = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(sheet)
    for line, y in enumerate(range(0, side, high)):
        for x in range(-(line % 2) * wide // 2, side, wide):
            pen.text((x, y), text, font=font, fill=(90, 100, 115, 70))
    sheet = sheet.rotate(TURN, Image.Resampling.BICUBIC)
    at = (side - page.width) // 2, (side - page.height) // 2
    page.alpha_composite(sheet.crop((*at, at[0] + page.width, at[1] + page.height)))
    out = io.BytesIO()
    page.convert("RGB").save(out, "WEBP", quality=82)
    return out.getvalue()


@once
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One that knows Chinese where the machine has it, as for papers."""
    try:
        command = ["fc-match", "-f", "%{file}", "sans:lang=zh-cn"]
        found = subprocess.run(command, capture_output=True, check=True, timeout=10, text=True).stdout
        return ImageFont.truetype(found, size)
    except (OSError, subprocess.SubprocessError):
        return ImageFont.load_default(size)
