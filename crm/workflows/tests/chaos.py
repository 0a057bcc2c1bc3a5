"""Workers that are killed at random while entries come in: what is lost, what is doubled, what nobody knows.

Used by the tests: some seconds each time, two minutes in the slow one.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.conf import settings

from crm.entities.testing import factory_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Delivery, Entry, Outgoing
from crm.tests.processes import environment
from crm.workflows import services
from crm.workflows.models import Rule, RuleRun, Webhook

WORKER = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
import django
django.setup()
from crm.records.dispatch import dispatch
from crm.records.sending import send_due
from crm.workflows.engine import advance
from crm.workflows.timing import tick
from crm.workflows import webhooks
webhooks.call = lambda *args, **kwargs: (append(kwargs["headers"]["Idempotency-Key"]), OK)[1]
class OK:
    ok, status = True, 200
def append(key):
    fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (key + "\\n").encode())
    os.close(fd)
while True:
    dispatch(seconds=1); advance(seconds=1); tick(); send_due(seconds=1)
    time.sleep(0.02)
"""


@dataclass
class Account:
    """What came of it."""

    entries: int = 0
    kills: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    sent: int = 0
    sent_twice: int = 0
    outgoing: Counter = field(default_factory=Counter)


class Chaos:
    """``run()`` writes ``rate`` entries a second for ``seconds`` while ``workers`` are killed every ``pause`` on average."""

    def __init__(self, owner: Any, log: str, *, seconds: float, rate: int = 50, workers: int = 2, pause: float = 1.0):
        self.owner, self.log, self.seconds, self.rate = owner, log, seconds, rate
        self.workers, self.pause = workers, pause
        self.chance = random.Random(7)
        self.account = Account()
        self.stop = threading.Event()

    def run(self) -> Account:
        records_ = [factory_of("sales.opportunity")(self.owner, amount=1) for _number in range(400)]
        rule = self._rule()
        killer = threading.Thread(target=self._kill, daemon=True)
        killer.start()
        try:
            with patch("crm.records.wake.redis_answers", return_value=False):
                written = self._write(records_)
        finally:
            self.stop.set()
            killer.join()
        self._finish()
        return self._count(rule, written)

    def _rule(self) -> Rule:
        """Each changed amount makes a task and calls a webhook, with a short wait between."""
        webhook = Webhook.objects.create(name="Chaos", url="https://example.com/hook")
        rule = Rule.objects.create(name="Chaos", entity="sales.opportunity", principal=self.owner)
        task = {"subject": "Chaos", "to": "owner", "kind": "task", "priority": "normal"}
        steps = [
            {"do": "effect", "effect": "create_task", "params": task},
            {"do": "effect", "effect": "webhook", "params": {"webhook": str(webhook.pk)}},
            {"do": "effect", "effect": "set_fields", "params": {"next_step": "Chaos"}},
        ]
        services.save_version(
            rule, trigger={"on": "changed", "field": "amount"}, condition={}, steps=steps, actor=Actor()
        )
        return services.switch(rule, True, actor=Actor())

    def _start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, self.log],
            env=environment(),
            cwd=settings.BASE_DIR,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _kill(self) -> None:
        running = [self._start() for _number in range(self.workers)]
        while not self.stop.wait(self.chance.expovariate(1 / self.pause)):
            victim = self.chance.randrange(len(running))
            running[victim].send_signal(signal.SIGKILL)
            running[victim].wait()
            self.account.kills += 1
            running[victim] = self._start()
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def _write(self, opportunities: list[Any]) -> list[int]:
        """As many saves as the rate asks for; returns the ids of their entries."""
        actor, start, written = Actor(self.owner), time.monotonic(), []
        while (passed := time.monotonic() - start) < self.seconds:
            if len(written) >= passed * self.rate:
                time.sleep(0.005)
                continue
            one = opportunities[len(written) % len(opportunities)]
            one.refresh_from_db()
            one.amount += 1
            try:
                entry = records.save(one, actor=actor)
            except Conflict:
                continue
            written.append(entry.pk)
        return written

    def _finish(self) -> None:
        """One worker in peace until nothing is left; runs that wait for another try are due at once."""
        worker, end = self._start(), time.monotonic() + 120 + 8 * self.seconds
        try:
            while time.monotonic() < end:
                RuleRun.objects.filter(state="due").update(next_at="2000-01-01T00:00Z")
                Delivery.objects.filter(state="pending").update(next_at="2000-01-01T00:00Z")
                Outgoing.objects.filter(state="queued").update(next_at="2000-01-01T00:00Z")
                Outgoing.objects.filter(state="claimed").update(claimed_at="2000-01-01T00:00Z")
                left = (
                    Delivery.objects.filter(subscriber="crm.workflows").exists()
                    or RuleRun.objects.filter(state="due").exists()
                    or Outgoing.objects.filter(state__in=["queued", "claimed"]).exists()
                )
                if not left:
                    return
                time.sleep(0.3)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()

    def _count(self, rule: Rule, written: list[int]) -> Account:
        account = self.account
        account.entries = len(written)
        done = {run.entry_id: run for run in RuleRun.objects.filter(rule=rule, state=RuleRun.State.DONE)}
        account.lost = [pk for pk in written if pk not in done]
        made = Counter(
            Entry.objects.filter(entity="activities.task", kind="activities.task.created").values_list(
                "cause", flat=True
            )
        )
        queued = Counter(Outgoing.objects.values_list("cause", flat=True))
        account.doubled = [run.pk for run in done.values() if made[run.cause] != 1 or queued[run.cause] != 1]
        with open(self.log) as file:
            keys = Counter(file.read().split())
        account.sent, account.sent_twice = len(keys), sum(1 for number in keys.values() if number > 1)
        account.outgoing = Counter(Outgoing.objects.values_list("state", flat=True))
        return account
