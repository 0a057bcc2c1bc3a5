"""Sending what waits to leave the house: claim (commit), send, mark. What it means stands in ``crm.records.outgoing``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from crm.records.models import Outgoing

logger = structlog.get_logger(__name__)

State = Outgoing.State
# One hanging receiver may keep no more workers than this busy, a kind.
SENDERS = 2
LOCK_SPACE = 0x0D60


class NotSent(Exception):
    """The receiver certainly did not take it; ``str()`` says why. It is tried again unless it is ``final``."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


@dataclass(frozen=True)
class OutgoingKind:
    """``send(outgoing)`` returns what to keep as result. Every wait in it must end well before ``limit``.

    ``settled(outgoing)`` runs in the transaction that marks it done, unknown, failed or given up, or queues it again.
    """

    name: str
    send: Callable[[Outgoing], dict | None]
    label: Any
    may_repeat: bool
    most_attempts: int
    limit: timedelta
    settled: Callable[[Outgoing], None] | None


outgoing_kinds: dict[str, OutgoingKind] = {}
_listeners: list[Callable[[Outgoing], None]] = []


def outgoing_kind(
    name: str,
    *,
    label: Any = "",
    may_repeat: bool = False,
    most_attempts: int = 10,
    limit: timedelta = timedelta(minutes=10),
    settled: Callable[[Outgoing], None] | None = None,
) -> Callable:
    """Decorator: register the function that sends effects of this kind.

    It raises NotSent when the receiver certainly did not take it; whatever else it raises leaves the effect unknown.
    """

    def add(fn: Callable[[Outgoing], dict | None]) -> Callable:
        outgoing_kinds[name] = OutgoingKind(name, fn, label or name, may_repeat, most_attempts, limit, settled)
        return fn

    return add


def on_settled(fn: Callable[[Outgoing], None]) -> Callable[[Outgoing], None]:
    """Tell ``fn(outgoing)`` of every effect that is done, unknown, failed, given up or queued again, in that transaction."""
    _listeners.append(fn)
    return fn


def send_due(*, seconds: float = 20) -> int:
    """Send until nothing is due or ``seconds`` have passed; returns how many were tried. Any number may run at once."""
    rescue_claims()
    end, tried = time.monotonic() + seconds, 0
    due = Outgoing.objects.filter(state=State.QUEUED, next_at__lte=timezone.now())
    for kind in due.order_by("kind").values_list("kind", flat=True).distinct():
        with _slot(kind) as free:
            while free and time.monotonic() < end and _send_next(kind):
                tried += 1
    return tried


def _send_next(kind: str) -> bool:
    outgoing = _claim(kind)
    if outgoing is None:
        return False
    known = outgoing_kinds.get(kind)
    if known is None:
        _settle(outgoing, State.FAILED, error=f"There is no sender {kind}.")
        return True
    try:
        result = known.send(outgoing)
    except NotSent as refused:
        _retry_or_fail(outgoing, known, str(refused), final=refused.final)
    except Exception as error:
        logger.exception("outgoing_unknown", outgoing=outgoing.pk, kind=kind)
        text = f"{type(error).__name__}: {error}"
        if known.may_repeat:
            _retry_or_fail(outgoing, known, text, final=False)
        else:
            _settle(outgoing, State.UNKNOWN, error=text)
    else:
        _settle(outgoing, State.DONE, result=result or {})
    return True


@transaction.atomic
def _claim(kind: str) -> Outgoing | None:
    """The oldest due effect, claimed; the claim commits before anything is sent."""
    due = Outgoing.objects.filter(kind=kind, state=State.QUEUED, next_at__lte=timezone.now())
    found = due.order_by("next_at", "id").select_for_update(skip_locked=True, of=("self",)).first()
    if found is not None:
        found.state, found.claimed_at, found.attempts = State.CLAIMED, timezone.now(), found.attempts + 1
        found.save(update_fields=["state", "claimed_at", "attempts"])
    return found


def rescue_claims(now: datetime | None = None) -> int:
    """Take up what a dead worker left claimed: to be decided by a person, or queued again where repeating does no harm."""
    now, found = now or timezone.now(), 0
    for outgoing in Outgoing.objects.filter(state=State.CLAIMED, claimed_at__lt=now):
        kind = outgoing_kinds.get(outgoing.kind)
        if kind is not None and outgoing.claimed_at and outgoing.claimed_at >= now - kind.limit:
            continue
        found += 1
        if kind is not None and kind.may_repeat:
            _retry_or_fail(outgoing, kind, "The worker stopped while sending.", final=False)
        else:
            _settle(outgoing, State.UNKNOWN, error="The worker stopped while sending.")
    return found


def _retry_or_fail(outgoing: Outgoing, kind: OutgoingKind, error: str, *, final: bool) -> None:
    if final or outgoing.attempts >= kind.most_attempts:
        _settle(outgoing, State.FAILED, error=error)
        return
    pause = timedelta(seconds=min(3600, 15 * 2**outgoing.attempts))
    _mine(outgoing).update(state=State.QUEUED, next_at=timezone.now() + pause, error=error[:2000])


@transaction.atomic
def _settle(outgoing: Outgoing, state: str, *, error: str = "", result: dict | None = None) -> bool:
    """Mark how it ended, unless somebody has decided otherwise or another attempt has begun meanwhile."""
    values = {"state": state, "error": error[:2000], "result": result or {}, "settled_at": timezone.now()}
    if not _mine(outgoing).update(**values):
        logger.warning("outgoing_superseded", outgoing=outgoing.pk, state=state)
        return False
    for name, value in values.items():
        setattr(outgoing, name, value)
    if state in {State.FAILED, State.UNKNOWN}:
        logger.error("outgoing_not_sent", outgoing=outgoing.pk, kind=outgoing.kind, state=state, error=error)
    tell(outgoing)
    return True


def _mine(outgoing: Outgoing) -> QuerySet[Outgoing]:
    """The row, while this attempt is the last one: a slow sender may still say that an unknown effect came through."""
    rows = Outgoing.objects.filter(pk=outgoing.pk, attempts=outgoing.attempts)
    return rows.filter(state__in=[State.CLAIMED, State.UNKNOWN])


def tell(outgoing: Outgoing) -> None:
    kind = outgoing_kinds.get(outgoing.kind)
    for fn in [*([kind.settled] if kind and kind.settled else []), *_listeners]:
        fn(outgoing)


@contextmanager
def _slot(kind: str) -> Iterator[bool]:
    """One of the few places for senders of a kind, held by this database session."""
    for number in range(SENDERS):
        key = (LOCK_SPACE + number, crc32(kind.encode()) - 2**31)
        if _lock("select pg_try_advisory_lock(%s, %s)", key):
            try:
                yield True
            finally:
                _lock("select pg_advisory_unlock(%s, %s)", key)
            return
    yield False


def _lock(sql: str, key: tuple[int, int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, key)
        return bool(cursor.fetchone()[0])
