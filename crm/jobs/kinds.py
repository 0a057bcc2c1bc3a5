"""Kinds of long work, registered by the rooms that do it (``<app>/jobs.py``, found at start-up)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm.jobs.models import COUNT_WORDS, Job

if TYPE_CHECKING:
    from crm.jobs.running import Running


@dataclass(frozen=True)
class JobKind:
    """``run(running)`` does the work and returns the result; ``template`` and ``context(job)`` draw what came of it.

    What is ``quiet`` ends without anybody being told. ``resumable(job)`` says whether a job that failed or was stopped may go on from its checkpoint.
    """

    name: str
    label: Any
    run: Callable[[Running], dict | None]
    icon: str = "settings"
    template: str = ""
    context: Callable[[Job], dict] = lambda job: {}
    resumable: Callable[[Job], bool] = lambda job: False
    quiet: bool = False


_enders: list[Callable[[Job], None]] = []
kinds: dict[str, JobKind] = {}


def job_kind(
    name: str,
    label: Any,
    *,
    icon: str = "settings",
    template: str = "",
    context: Callable[[Job], dict] = lambda job: {},
    resumable: Callable[[Job], bool] = lambda job: False,
    quiet: bool = False,
    words: Mapping[str, Any] | None = None,
) -> Callable:
    """Decorator: ``fn(running)`` runs jobs of kind ``name``. It must go on from ``running.checkpoint`` when called again.

    ``words`` names the counts (``updated``, ``failed``) of this kind where the usual names would say something else.
    """

    def add(fn: Callable[[Running], dict | None]) -> Callable[[Running], dict | None]:
        kinds[name] = JobKind(name, label, fn, icon, template, context, resumable, quiet)
        COUNT_WORDS[name] = words or {}
        return fn

    return add


def on_job_end(fn: Callable[[Job], None]) -> Callable[[Job], None]:
    """Tell ``fn(job)`` of every job that is done, failed or stopped, in the transaction that says so; not of quiet kinds."""
    _enders.append(fn)
    return fn


def tell_job_end(job: Job) -> None:
    """Call every ``on_job_end`` function."""
    found = kinds.get(job.kind)
    for fn in _enders if found is None or not found.quiet else ():
        fn(job)
