"""Paths into JSON: ``customer.phones[0]``, ``= a text of our own``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_STEP = re.compile(r"[^.\[\]]+|\[\d{1,3}\]")
DEEPEST = 6
MOST = 200


def at(data: Any, path: str) -> Any:
    """What lies there; None where the path leads nowhere."""
    if path.startswith("="):
        return path[1:].strip()
    for step in _STEP.findall(path):
        if step.startswith("["):
            place = int(step[1:-1])
            data = data[place] if isinstance(data, list) and place < len(data) else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
        if data is None:
            return None
    return data


def paths_of(data: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """(path, value) of every single value in a sample; of lists the first element."""
    if depth > DEEPEST:
        return
    if isinstance(data, dict):
        for name, value in list(data.items())[:MOST]:
            if _STEP.fullmatch(str(name)):
                yield from paths_of(value, f"{before}.{name}" if before else str(name), depth + 1)
    elif isinstance(data, list):
        if data and before:
            yield from paths_of(data[0], f"{before}[0]", depth + 1)
    elif before:
        yield before, "" if data is None else str(data)[:100]
