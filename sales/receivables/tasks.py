"""What beat asks workers to do for receivables."""

from celery import shared_task

from sales.receivables import reminding, standing


@shared_task(name="sales.receivables.tasks.turn", ignore_result=True)
def turn() -> None:
    """A new day: what comes due, what is overdue, and who hears of it. Again does nothing more."""
    standing.turn()
    reminding.remind()
