"""What beat asks workers to do for sequences."""

from celery import shared_task

from sales.sequences import moving


@shared_task(name="sales.sequences.tasks.turn", ignore_result=True)
def turn() -> None:
    """Each minute: the steps that are due. What is done is not done twice."""
    moving.turn()
