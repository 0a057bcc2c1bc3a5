"""Telling the workers that rules have something to do. Redis only wakes them: beat finds what a lost call leaves."""

from crm.records.wake import wake
from crm.workflows.tasks import advance


def wake_rules() -> None:
    """Ask a worker to go on with what is due."""
    wake(advance)
