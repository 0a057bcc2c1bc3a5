"""What beat asks workers to do for approvals."""

from celery import shared_task

from crm.approvals import clock


@shared_task(name="crm.approvals.tasks.tick", ignore_result=True)
def tick() -> None:
    """Remind and pass on."""
    clock.tick()
