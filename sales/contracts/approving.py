"""What other rooms do when contracts are handed in, approved, changed and ended: in the same transaction, all or nothing."""

from __future__ import annotations

from collections.abc import Callable

Hook = Callable[..., None]
checks: list[Hook] = []
approvals: list[Hook] = []
changes: list[Hook] = []
ends: list[Hook] = []
plans: list[Callable[..., list[dict[str, str]]]] = []


def before_submit(fn: Hook) -> Hook:
    """Decorator: ``fn(contract)`` refuses by ValidationError what could not be carried out once it is approved."""
    checks.append(fn)
    return fn


def on_approval(fn: Hook) -> Hook:
    """Decorator: ``fn(contract, *, actor)`` runs in the transaction that approves a contract; twice does it once."""
    approvals.append(fn)
    return fn


def on_change(fn: Hook) -> Hook:
    """Decorator: ``fn(contract, change, *, actor)`` runs once a change is in force and the contract has its new amount."""
    changes.append(fn)
    return fn


def on_end(fn: Hook) -> Hook:
    """Decorator: ``fn(contract, *, actor)`` runs when a contract is terminated."""
    ends.append(fn)
    return fn


def tells_plan(fn: Callable[..., list[dict[str, str]]]) -> Callable[..., list[dict[str, str]]]:
    """Decorator: ``fn(contract)`` tells its paper what is paid when: ``name``, ``share``, ``amount`` and ``due`` as texts."""
    plans.append(fn)
    return fn
