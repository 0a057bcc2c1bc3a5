"""Thin doors from Celery into the services."""

from celery import shared_task

from crm.jobs import running, services

DAY = 24 * 3600


@shared_task(name="crm.jobs.tasks.run", acks_late=False, soft_time_limit=DAY, time_limit=DAY + 60)
def run(job_id: int) -> None:
    """Run one job. The database is the truth, so a lost or doubled message does no harm."""
    running.run(job_id)


@shared_task(name="crm.jobs.tasks.rescue")
def rescue() -> None:
    """Each minute: restart what a dead worker or a broker that was down left behind."""
    services.rescue_jobs()


@shared_task(name="crm.jobs.tasks.sweep")
def sweep() -> None:
    """Each day: drop old result files."""
    services.sweep_files()
