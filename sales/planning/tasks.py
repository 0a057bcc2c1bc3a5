"""What beat asks workers to do for planning."""

from celery import shared_task

from sales.planning import snapshots


@shared_task(name="sales.planning.tasks.snapshot", ignore_result=True)
def snapshot() -> None:
    """Keep how the pipeline stands, once a week. Again does nothing more."""
    snapshots.take_weekly()
