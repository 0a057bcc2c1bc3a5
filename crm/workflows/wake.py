"""Telling the workers that rules have something to do. Redis only wakes them: beat finds what a lost call leaves."""

from celery import current_app

from crm.records.wake import wake


def wake_rules() -> None:
    """Ask a worker to go on with what is due."""
    wake(current_app.tasks["crm.workflows.tasks.advance"])
