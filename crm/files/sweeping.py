"""Deleting contents that nothing names any more: of files that were purged, of uploads that broke off."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from django.core.files.storage import default_storage

from crm.files.models import FileVersion
from crm.files.storage import HASH, path_of, preview_path, root

# What is younger may belong to a transaction that has not committed yet.
OLD = 2 * 24 * 3600
BATCH = 500


def sweep(now: float | None = None) -> int:
    """Delete old contents and previews without a version, and old unfinished ones; returns how many files went."""
    before, gone = (now or time.time()) - OLD, 0
    paths = _old(before)
    while batch := list(islice(paths, BATCH)):
        hashes = {path.name[:64] for path in batch}
        known = set(FileVersion.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
        for path in batch:
            if path.name[:64] not in known:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def forget_contents(hashes: Iterable[str], paths: Iterable[str] = ()) -> int:
    """Delete at once contents that no version names any more, with their previews, and files of jobs and imports by their
    names in private storage; returns how many files went. Safe to call again."""
    wanted = set(hashes)
    wanted -= set(FileVersion.objects.filter(sha256__in=wanted).values_list("sha256", flat=True))
    gone = 0
    for sha256 in wanted:
        found = [path_of(sha256), *preview_path(sha256, "*").parent.glob(f"{sha256}-*")]
        for path in found:
            gone += path.exists()
            path.unlink(missing_ok=True)
    for name in paths:
        gone += default_storage.exists(name)
        default_storage.delete(name)
    return gone


def _old(before: float) -> Iterator[Path]:
    for path in root().rglob("*") if root().exists() else ():
        ours = HASH.match(path.name) or path.name.endswith(".part")
        if ours and path.is_file() and path.stat().st_mtime < before:
            yield path
