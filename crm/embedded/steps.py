"""Steps of the set-up: each says what it does and how long it took, and is skipped while its inputs have the same content."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from crm.embedded.places import ROOT

RECORDS = Path(sys.prefix) / "steps"  # in the virtual environment: a new one starts anew


def say(text: str) -> None:
    """A line of progress, at once."""
    print(text, flush=True)


def fingerprint(inputs: Iterable[Path | str]) -> str:
    """A hash of names and contents. A directory stands for all files below it; a string stands for itself."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            digest.update(item.encode() + b"\0")
            continue
        files = sorted(path for path in item.rglob("*") if path.is_file()) if item.is_dir() else [item]
        for path in files:
            content = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"missing"
            digest.update(str(path).removeprefix(str(ROOT)).encode() + b"\0" + content)
    return digest.hexdigest()


def step(title: str, action: Callable[[], None], *, inputs: Iterable[Path | str], makes: Iterable[Path] = ()) -> bool:
    """Run ``action`` unless it ran for these ``inputs`` and what it ``makes`` is there; whether it ran. An exception leaves it undone."""
    record = RECORDS / "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    wanted = fingerprint(inputs)
    if record.is_file() and record.read_text() == wanted and all(path.exists() for path in makes):
        say(f"  {title}: up to date")
        return False
    say(f"  {title} …")
    started = time.monotonic()
    action()
    record.parent.mkdir(exist_ok=True)
    record.write_text(wanted)
    say(f"  {title}: done in {time.monotonic() - started:.1f} s")
    return True
