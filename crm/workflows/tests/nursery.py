"""Workers that are forked from one process that has loaded everything, so that a kill hits a worker at work, not one starting up.

``python -m crm.workflows.tests.nursery LOG COUNT PAUSE``: kills one of COUNT workers with SIGKILL every PAUSE seconds on
average and forks the next at once, until a line comes in; answers how many it killed, goes on without killing, and ends
them all when its input ends.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
    django.setup()

from crm.records.dispatch import dispatch
from crm.records.sending import send_due
from crm.workflows import webhooks
from crm.workflows.engine import advance
from crm.workflows.timing import tick


class Taken:
    """The answer of a receiver that took it."""

    ok, status = True, 200


def receive(log: str) -> None:
    """Calls of webhooks are lines of a file: one write each, so that a kill leaves a whole line or none."""

    def call(*_args: object, headers: dict[str, str], **_options: object) -> type[Taken]:
        place = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(place, f"{headers['Idempotency-Key']}\n".encode())
        os.close(place)
        return Taken

    webhooks.call = call  # type: ignore[assignment]


def work() -> None:
    """What a worker and the clock do between them, again and again."""
    while True:
        dispatch(seconds=1)
        advance(seconds=1)
        tick()
        send_due(seconds=1)
        time.sleep(0.02)


def start(work: Callable[[], None] = work) -> int:
    """A new worker; its connections are its own."""
    child = os.fork()
    if child:
        return child
    os.nice(5)  # who writes goes before: the rate that is asked for comes in, whatever the workers make of it
    try:
        work()
    finally:
        os._exit(1)


def killed(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(log: str, count: int, pause: float) -> None:
    receive(log)
    chance = random.Random(7)
    running = [start() for _number in range(count)]
    print("ready", flush=True)
    kills = 0
    while not select.select([sys.stdin], [], [], chance.expovariate(1 / pause))[0]:
        victim = chance.randrange(count)
        killed(running[victim])
        running[victim] = start()
        kills += 1
    sys.stdin.readline()
    print(kills, flush=True)
    sys.stdin.read()
    for child in running:
        killed(child)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
