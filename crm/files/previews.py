"""Small pictures of images and of PDFs, and the words of files, made by a child process with limits."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import structlog

from crm.files.models import FileVersion
from crm.files.storage import hidden_file, path_of, preview_path, put, root
from crm.files.types import PDF

log = structlog.get_logger(__name__)

# Name → longest side in pixels.
SIZES = {"small": 160, "large": 1400}
SECONDS = 40
# What a database or the index can't hold: NUL, halves of characters, private characters.
_UNTOLD = re.compile("[\x00\ud800-\udfff\ue000-\uf8ff]")
_DRAWER = Path(__file__).parent / "drawer.py"
Preview = FileVersion.Preview


def make_preview(version_id: int) -> None:
    """Draw the preview of a version, unless its content has one already. Safe to repeat."""
    version = FileVersion.objects.filter(pk=version_id, preview=Preview.WAITING).first()
    if version is not None:
        state = Preview.READY if draw(version.sha256, version.content_type) else Preview.NONE
        FileVersion.objects.filter(pk=version.pk).update(preview=state)


def make_waiting(at_most: int = 50) -> int:
    """Draw what still waits, oldest first; returns how many were tried."""
    found = list(
        FileVersion.objects.filter(preview=Preview.WAITING).order_by("id").values_list("pk", flat=True)[:at_most]
    )
    for pk in found:
        make_preview(pk)
    return len(found)


def draw(sha256: str, content_type: str, sizes: Mapping[str, int] = SIZES, page: int = 1) -> bool:
    """Whether pictures in every size lie in their places now. A hostile file can only end the child."""
    if all(preview_path(sha256, size).exists() for size in sizes):
        return True
    parts = {size: hidden_file(root() / "previews") for size in sizes}
    kind = f"pdf:{page}" if content_type == PDF else "image"
    try:
        drawn = _child(kind, sha256, *(text for size, part in parts.items() for text in (str(sizes[size]), str(part))))
        if drawn is None or not all(part.exists() for part in parts.values()):
            return False
        for size, part in parts.items():
            put(part, preview_path(sha256, size))
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return True


def count_pages(sha256: str) -> int:
    """How many pages a PDF has; 0 where it can't be read."""
    return int(_child("count", sha256) or 0)


def words_of(sha256: str, ending: str, letters: int) -> str:
    """What is written in a content, from its beginning; nothing where it can't be read."""
    said = (_child("text", sha256, ending, str(letters)) or b"").decode(errors="replace")
    return _UNTOLD.sub(" ", said)


def _child(kind: str, sha256: str, *targets: str) -> bytes | None:
    """What the child says; None where it gave up."""
    command = [sys.executable, "-I", "-X", "utf8", str(_DRAWER), kind, str(path_of(sha256)), *targets]
    try:
        done = subprocess.run(
            command,
            check=False,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"},
        )
    except subprocess.TimeoutExpired:
        log.info("preview_took_too_long", sha256=sha256)
        return None
    if done.returncode:
        log.info("no_preview", sha256=sha256, code=done.returncode)
        return None
    return done.stdout
