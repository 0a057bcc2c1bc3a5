"""What other rooms do when records are written: inside the transaction (``on_write``), or after it (``on``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from crm.records.actor import Actor


@dataclass(frozen=True)
class WriteBatch:
    """One written batch of one model. ``before[i]`` is None where ``after[i]`` is new; deleting and restoring are writes too.

    ``changes`` is the change set it belongs to, if any.
    """

    model: type
    before: list[Any]
    after: list[Any]
    actor: Actor
    changes: Any = None

    @property
    def undoing(self) -> bool:
        """Whether it puts back what was: that is no new step of the business."""
        return self.changes is not None and self.changes.kind in {"undo", "unmerge"}


@dataclass(frozen=True)
class Subscriber:
    """A function told of entries after commit, exactly once for its effect in the database."""

    name: str
    patterns: tuple[str, ...]
    run: Callable[[Any], None]


_settlers: list[Callable[[WriteBatch], bool]] = []
_lockers: list[Callable[[type, Sequence[Any]], None]] = []
_computers: list[Callable[[WriteBatch], set[str]]] = []
_guards: list[Callable[[WriteBatch], None]] = []
_writers: list[Callable[[WriteBatch], None]] = []
_followers: list[Callable[[WriteBatch], None]] = []
_purgers: list[Callable[[type, list[int], Actor], None]] = []
_redactors: list[Callable[[Any, Collection[str]], int]] = []
subscribers: dict[str, Subscriber] = {}
_choosers: dict[str, Callable[[Sequence[Any]], Iterable[Any]]] = {}


def before_diff(fn: Callable[[WriteBatch], bool]) -> Callable[[WriteBatch], bool]:
    """Let ``fn(batch)`` set values of ``batch.after`` in each writing transaction, before it is worked out what changes.

    It says whether it set any: what the model prepares from values is prepared anew then.
    """
    _settlers.append(fn)
    return fn


def ask_settlers(batch: WriteBatch) -> None:
    """Call every ``before_diff`` function."""
    moved = [fn(batch) for fn in _settlers]
    if any(moved):
        batch.model.prepare(batch.after)


def before_write(fn: Callable[[WriteBatch], None]) -> Callable[[WriteBatch], None]:
    """Ask ``fn(batch)`` inside each writing transaction before anything is written, whichever door it comes through.

    It refuses by ValidationError: keyed by field where one is at fault. It looks at the whole batch at once, and writes nothing.
    """
    _guards.append(fn)
    return fn


def ask_guards(batch: WriteBatch) -> set[str]:
    """Call every ``computed`` function, then every ``before_write`` one; the first that refuses ends the write.

    Returns the columns that were computed: they are written too, and are no history.
    """
    columns = ask_computers(batch)
    for fn in _guards:
        fn(batch)
    return columns


def ask_computers(batch: WriteBatch) -> set[str]:
    """Call every ``computed`` function; the columns that they touched."""
    columns: set[str] = set()
    for compute in _computers:
        columns |= compute(batch)
    return columns


def computed(fn: Callable[[WriteBatch], set[str]]) -> Callable[[WriteBatch], set[str]]:
    """Let ``fn(batch)`` set on ``batch.after`` what is worked out from other values, once it is known what changes.

    It returns the columns it touched. Guards see what it set; the import's preview asks it too, so it writes nothing.
    """
    _computers.append(fn)
    return fn


def before_lock(fn: Callable[[type, Sequence[Any]], None]) -> Callable[[type, Sequence[Any]], None]:
    """Run ``fn(model, records)`` in each writing transaction before the records are locked: what the write will touch beside
    them is locked first, so that everybody locks in the same order."""
    _lockers.append(fn)
    return fn


def lock_ahead(model: type, records: Sequence[Any]) -> None:
    """Call every ``before_lock`` function."""
    for fn in _lockers:
        fn(model, records)


def on_write(fn: Callable[[WriteBatch], None]) -> Callable[[WriteBatch], None]:
    """Run ``fn(batch)`` inside each writing transaction: search rows, match keys, counters."""
    _writers.append(fn)
    return fn


def on_written(fn: Callable[[WriteBatch], None]) -> Callable[[WriteBatch], None]:
    """Run ``fn(batch)`` inside each writing transaction after every ``on_write`` function: it may write further."""
    _followers.append(fn)
    return fn


def tell_writers(batch: WriteBatch) -> None:
    """Call every ``on_write`` function, then every ``on_written`` one."""
    for fn in (*_writers, *_followers):
        fn(batch)


def on_purge(fn: Callable[[type, list[int], Actor], None]) -> Callable[[type, list[int], Actor], None]:
    """Run ``fn(model, ids, actor)`` inside the transaction that removes records for good, before they go."""
    _purgers.append(fn)
    return fn


def tell_purgers(model: type, ids: list[int], actor: Actor) -> None:
    """Call every ``on_purge`` function."""
    for fn in _purgers:
        fn(model, ids, actor)


def on_redact(fn: Callable[[Any, Collection[str]], int]) -> Callable[[Any, Collection[str]], int]:
    """Run ``fn(record, fields)`` while personal values of a record are blanked: what else tells of them; how many rows it touched."""
    _redactors.append(fn)
    return fn


def tell_redactors(record: Any, fields: Collection[str]) -> int:
    """Call every ``on_redact`` function; how many rows they touched."""
    return sum(fn(record, fields) for fn in _redactors)


def on(*patterns: str, name: str = "") -> Callable:
    """Subscribe ``fn(entry)`` to kinds such as ``"sales.opportunity.won"`` or ``"sales.opportunity.*"``."""

    def add(fn: Callable) -> Callable:
        key = name or f"{fn.__module__}.{fn.__name__}"
        subscribers[key] = Subscriber(key, patterns, fn)
        wanted_by.cache_clear()
        return fn

    return add


def on_chosen(choose: Callable[[Sequence[Any]], Iterable[Any]], *, name: str) -> Callable:
    """Subscribe ``fn(entry)`` to those entries that ``choose(entries)`` picks of each batch as it is written.

    For subscribers whose wants change while the program runs; ``choose`` runs in the writing transaction, so it must be quick.
    """

    def add(fn: Callable) -> Callable:
        subscribers[name] = Subscriber(name, (), fn)
        _choosers[name] = choose
        return fn

    return add


def chosen(entries: Sequence[Any]) -> Iterable[tuple[Any, str]]:
    """(entry, subscriber) for those that pick their entries themselves."""
    for name, choose in _choosers.items():
        for entry in choose(entries):
            yield entry, name


@lru_cache(maxsize=2048)
def wanted_by(kind: str) -> tuple[str, ...]:
    """The names of the subscribers that want entries of ``kind``."""
    return tuple(
        name for name, sub in subscribers.items() if any(fnmatchcase(kind, pattern) for pattern in sub.patterns)
    )
