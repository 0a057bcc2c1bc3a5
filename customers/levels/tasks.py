"""Levels follow their rules every night."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from crm.records.actor import Actor
from customers.levels.jobs import start
from customers.levels.models import LevelRule
from customers.levels.services import to_change


@shared_task
def nightly() -> int:
    """Start a job for each field whose rules want something else than there is."""
    now, started = timezone.now(), 0
    for target in LevelRule.Target.values:
        if LevelRule.objects.filter(target=target, active=True).exists() and to_change(target, now).exists():
            start(target, actor=Actor(None, "levels"))
            started += 1
    return started
