"""What beat asks workers to do for contracts."""

from celery import shared_task

from sales.contracts import clock


@shared_task(name="sales.contracts.tasks.turn", ignore_result=True)
def turn() -> None:
    """Once a day, and again whenever it is asked to: what is done is not done twice."""
    clock.turn()
