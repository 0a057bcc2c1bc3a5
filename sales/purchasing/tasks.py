"""What beat asks workers to do for purchasing."""

from celery import shared_task

from sales.purchasing import standing


@shared_task(name="sales.purchasing.tasks.turn", ignore_result=True)
def turn() -> None:
    """A new day: bills that were not paid in time are overdue. Again does nothing more."""
    standing.turn()
