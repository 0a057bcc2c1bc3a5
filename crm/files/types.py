"""What a file is, by its content and not by its name; what of it may be shown."""

from __future__ import annotations

import mimetypes
import re
import unicodedata

try:
    import magic
except ImportError:  # the system library libmagic is missing: what we show ourselves is still told by its signature
    magic = None  # type: ignore[assignment]

UNKNOWN = "application/octet-stream"
LOOKED_AT = 1 << 16
LONGEST_NAME = 200
SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/x-ms-bmp", "image/tiff"})
PDF = "application/pdf"
# Types under which a browser is told what it downloads; everything else is a stream of bytes.
PLAIN = re.compile(
    r"image/(jpeg|png|gif|webp|bmp|tiff)|application/(pdf|zip|msword|vnd\.(ms-|openxmlformats-).*)|text/(plain|csv)|audio/.*|video/.*"
)
# What runs when it is opened, with the endings by which it says so.
DANGEROUS = {
    "application/x-dosexec": (".exe", ".dll", ".com", ".scr", ".msi"),
    "application/vnd.microsoft.portable-executable": (".exe", ".dll", ".com", ".scr", ".msi"),
    "application/x-executable": (".bin", ".run", ".so", ""),
    "application/x-pie-executable": (".bin", ".run", ".so", ""),
    "application/x-sharedlib": (".so",),
    "application/x-mach-binary": (".dylib", ""),
    "application/x-msdownload": (".exe", ".dll"),
    "application/java-archive": (".jar",),
    "text/html": (".html", ".htm", ".xhtml"),
    "application/xhtml+xml": (".html", ".xhtml"),
    "image/svg+xml": (".svg",),
    "text/x-shellscript": (".sh", ".bash", ""),
    "text/x-msdos-batch": (".bat", ".cmd"),
    "application/javascript": (".js", ".mjs"),
}


def content_type_of(start: bytes) -> str:
    """The type that the first bytes of a file tell."""
    if magic is not None:
        return str(magic.from_buffer(start[:LOOKED_AT], mime=True))[:100] or UNKNOWN
    return next((found for signature, found in SIGNATURES if start.startswith(signature)), UNKNOWN)


def is_image(content_type: str) -> bool:
    """Whether we can draw a preview of it as a picture."""
    return content_type in IMAGES


def has_preview(content_type: str) -> bool:
    """Whether a preview can be made at all."""
    return content_type in IMAGES or content_type == PDF


def served_as(content_type: str) -> str:
    """The type that a download says: never one that a browser would run."""
    return content_type if PLAIN.fullmatch(content_type) else UNKNOWN


def disguised(name: str, content_type: str) -> bool:
    """Whether something that runs bears the name of something else."""
    endings = DANGEROUS.get(content_type)
    return endings is not None and ending(name) not in endings


def ending(name: str) -> str:
    """``.pdf`` of a name, in small letters; empty when it has none."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and stem and len(last) <= 10 else ""


def clean_name(name: str) -> str:
    """A name without paths, control signs and signs that turn the direction of reading (``exe.gpj``)."""
    last = re.split(r"[\\/]", str(name))[-1]
    kept = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}).strip(" .")
    end = ending(kept)
    return kept if 0 < len(kept) <= LONGEST_NAME else kept[: LONGEST_NAME - len(end)] + end if kept else "file"


def label_of(name: str, content_type: str) -> str:
    """What kind of file it is, in a few letters: ``PDF``, ``XLSX``; the name's ending where the content fits it."""
    end = ending(name).removeprefix(".")
    if end and not disguised(name, content_type):
        return end.upper()
    return (mimetypes.guess_extension(content_type) or "").removeprefix(".").upper()
