"""Telling people of something, from rooms that lie beside or below the one that tells: notifications set the teller."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_tellers: list[Callable[..., Any]] = []


def set_teller(fn: Callable[..., Any]) -> None:
    """``fn(users, kind, **options)`` tells them; its options are those of ``notify`` in ``crm.notifications.services``."""
    _tellers[:] = [fn]


def tell(users: Iterable[Any], kind: str, **options: Any) -> None:
    """Tell ``users`` (people or ids) of something of a declared kind; nobody hears of it where no teller is set."""
    for teller in _tellers:
        teller(users, kind, **options)
