"""Contents in private storage: each lies once, under the hash of its bytes, and no name that a person chose becomes a path."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _

from crm.files.types import LOOKED_AT, content_type_of

HASH = re.compile(r"[0-9a-f]{64}")
MB = 1 << 20


@dataclass(frozen=True)
class Kept:
    """A content that was kept: where, how long, and what it is."""

    sha256: str
    size: int
    content_type: str


def root() -> Path:
    """The directory of all contents; backups take it along with everything else in private storage."""
    return Path(settings.PRIVATE_ROOT) / "files"


def path_of(sha256: str) -> Path:
    """Where a content lies."""
    return _place("content", sha256)


def preview_path(sha256: str, size: str) -> Path:
    """Where the preview of a content lies, if there is one."""
    return _place("previews", sha256).with_name(f"{sha256}-{size}.webp")


def _place(kind: str, sha256: str) -> Path:
    if not HASH.fullmatch(sha256):
        raise ValueError("This is no hash of a content.")
    return root() / kind / sha256[:2] / sha256[2:4] / sha256


def open_content(sha256: str) -> IO[bytes]:
    """The content for reading."""
    return path_of(sha256).open("rb")


def keep(upload: File) -> Kept:
    """Keep the bytes of an upload. ValidationError when there are none or too many; nothing is kept then."""
    digest, size, start = hashlib.sha256(), 0, b""
    part = hidden_file(root() / "content")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            for chunk in upload.chunks():
                size += len(chunk)
                if size > settings.UPLOAD_LIMIT:
                    raise ValidationError(too_large())
                start = start if len(start) >= LOOKED_AT else start + chunk
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if not size:
            raise ValidationError(_("The file is empty."))
        put(part, path_of(digest.hexdigest()))
    finally:
        part.unlink(missing_ok=True)
    return Kept(digest.hexdigest(), size, content_type_of(start))


def too_large() -> str:
    """What is told about a file beyond the limit."""
    return _("The file is larger than %(limit)s MB. Divide it, or ask an administrator for a higher limit.") % {
        "limit": settings.UPLOAD_LIMIT // MB
    }


def hidden_file(folder: Path) -> Path:
    """A name for something unfinished: backups leave out what begins with a dot."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f".{secrets.token_hex(16)}.part"


def put(part: Path, place: Path) -> None:
    """Move a finished file to its place in one step; the moment is renewed where the same content lies there already."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part.replace(place)
