"""The clock that wakes the periodic tasks. While Redis is away nobody would hear it: then it does them itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from celery import Task
from celery.beat import PersistentScheduler, ScheduleEntry, SchedulingError
from django.db import close_old_connections, connections

from crm.lib.cache import redis_answers

HANDS = 4
log = structlog.get_logger(__name__)


class Clock(PersistentScheduler):
    """Celery's beat for a program whose truth is the database: a reminder comes at its minute, with Redis or without.

    Tasks can run twice and only look for what is due, so what was sent just before Redis went away does no harm. Each is done
    by one thread at a time; long jobs wait until Redis is there again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="clock")
        self._busy: set[str] = set()
        super().__init__(*args, **kwargs)
        # Without an end to it, the first message after Redis went away would wait until it comes back.
        self.app.conf.broker_transport_options = {**self.app.conf.broker_transport_options, "max_retries": 1}

    def _ensure_connected(self) -> Any:
        """Celery would wait here for Redis, and no task would ever be due."""
        return self.connection

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Send the task to a worker; where that can't be, do it here."""
        if redis_answers():
            try:
                return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
            except SchedulingError as error:
                log.warning("task_not_sent", task=entry.task, error=repr(error))
        self.do_here(entry)
        return None

    def do_here(self, entry: ScheduleEntry) -> None:
        """Do the task in a thread of this process, unless that is still at its last turn."""
        task = self.app.tasks.get(entry.task)
        if task is None or entry.task in self._busy:
            return
        self._busy.add(entry.task)
        self._hands.submit(self._do, task, entry)

    def _do(self, task: Task, entry: ScheduleEntry) -> None:
        close_old_connections()
        try:
            done = task.apply(entry.args, entry.kwargs)
            if done.failed():
                log.error("task_failed_here", task=task.name, error=repr(done.result), trace=str(done.traceback))
        finally:
            connections.close_all()
            self._busy.discard(task.name)
