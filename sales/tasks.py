"""What beat asks workers to do for sales."""

from celery import shared_task

from sales import tally_upkeep


@shared_task(name="sales.tasks.fold_tallies", ignore_result=True)
def fold_tallies() -> None:
    """Keep the tallies short."""
    tally_upkeep.fold()
