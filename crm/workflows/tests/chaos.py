"""Workers that are killed at random while entries come in: what is lost, what is doubled, what nobody knows.

Used by the tests: some seconds each time, two minutes in the slow one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.utils import timezone

from crm.entities.testing import factory_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Delivery, Entry, Outgoing
from crm.tests.processes import environment
from crm.workflows import services
from crm.workflows.models import Rule, RuleRun, Webhook


@dataclass
class Account:
    """What came of it."""

    entries: int = 0
    seconds: float = 0
    kills: int = 0
    behind: int = 0
    drained: float = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    sent: int = 0
    sent_twice: int = 0
    outgoing: Counter = field(default_factory=Counter)


class Chaos:
    """``run()`` writes ``rate`` entries a second for ``seconds`` while one of ``workers`` is killed every ``pause`` on average."""

    def __init__(
        self,
        owner: Any,
        log: str,
        *,
        seconds: float,
        rate: int = 50,
        workers: int = 2,
        pause: float = 1.0,
        batch: int = 5,
    ):
        self.owner, self.log, self.seconds, self.rate = owner, log, seconds, rate
        self.workers, self.pause, self.batch = workers, pause, batch
        self.account = Account()

    def run(self) -> Account:
        records_ = [factory_of("sales.opportunity")(self.owner, amount=1) for _number in range(400)]
        rule = self._rule()
        nursery = self._start()
        try:
            start = time.monotonic()
            with patch("crm.records.wake.redis_answers", return_value=False):
                written = self._write(records_)
            self.account.seconds = time.monotonic() - start
            self.account.kills = self._peace(nursery)
            self.account.behind = self._left()
            start = time.monotonic()
            self._finish()
            self.account.drained = time.monotonic() - start
        finally:
            nursery.communicate()
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
        """The workers, at work."""
        nursery = subprocess.Popen(
            [sys.executable, "-m", "crm.workflows.tests.nursery", self.log, str(self.workers), str(self.pause)],
            env=environment(),
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert nursery.stdout is not None and nursery.stdout.readline() == "ready\n"
        return nursery

    def _peace(self, nursery: subprocess.Popen) -> int:
        """No more kills; how many there were."""
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdin.write("\n")
        nursery.stdin.flush()
        return int(nursery.stdout.readline())

    def _write(self, opportunities: list[Any]) -> list[int]:
        """As many changes as the rate asks for, some a transaction as people's bulk changes are; the ids of their entries."""
        actor, start, written, place = Actor(self.owner), time.monotonic(), [], 0
        while (passed := time.monotonic() - start) < self.seconds:
            if len(written) >= passed * self.rate:
                time.sleep(0.005)
                continue
            ids = [one.pk for one in opportunities[place : place + self.batch]]
            place = (place + self.batch) % len(opportunities)
            batch = list(type(opportunities[0]).objects.filter(pk__in=ids).order_by("pk"))
            for one in batch:
                one.amount += 1
            try:
                written += [entry.pk for entry in records.save_many(batch, actor=actor)]
            except Conflict:
                continue
        return written

    def _left(self) -> int:
        """How many deliveries, runs and calls are still to be done."""
        return (
            Delivery.objects.filter(subscriber="crm.workflows").count()
            + RuleRun.objects.filter(state="due").count()
            + Outgoing.objects.filter(state__in=["queued", "claimed"]).count()
        )

    def _finish(self) -> None:
        """The workers in peace until nothing is left; what waits for another try, or was claimed by the dead, is due at once."""
        end = time.monotonic() + 120 + 8 * self.seconds
        while time.monotonic() < end and self._left():
            RuleRun.objects.filter(state="due").update(next_at="2000-01-01T00:00Z")
            Delivery.objects.filter(state="pending").update(next_at="2000-01-01T00:00Z")
            Outgoing.objects.filter(state="queued").update(next_at="2000-01-01T00:00Z")
            dead = Outgoing.objects.filter(state="claimed", claimed_at__lt=timezone.now() - timedelta(seconds=5))
            dead.update(claimed_at="2000-01-01T00:00Z")
            time.sleep(0.3)

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
