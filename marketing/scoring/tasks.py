"""Scores fade by themselves, and follow what is told of a record elsewhere."""

from __future__ import annotations

from celery import shared_task

from marketing.scoring.services import TABLES, rules_of, score


@shared_task
def nightly() -> int:
    """Score everything for which there are rules."""
    return sum(score(label) for label in TABLES if rules_of(label))
