"""What beat asks workers to do for orders."""

from celery import shared_task

from sales.orders import installed


@shared_task(name="sales.orders.tasks.turn", ignore_result=True)
def turn() -> None:
    """Once a day, and again whenever it is asked to: what is done is not done twice."""
    installed.turn()
