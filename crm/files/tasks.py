"""Thin doors from Celery into the previews and the sweeping of contents."""

from celery import shared_task
from kombu.exceptions import OperationalError

from crm.files import previews, sweeping
from crm.lib.cache import redis_answers


@shared_task(name="crm.files.tasks.preview")
def preview(version_id: int) -> None:
    """Draw the preview of one version."""
    previews.make_preview(version_id)


@shared_task(name="crm.files.tasks.previews")
def waiting_previews() -> None:
    """Each minute: draw what a lost call or a broker that was down left waiting."""
    previews.make_waiting()


@shared_task(name="crm.files.tasks.sweep")
def sweep() -> None:
    """Each day: delete contents that no version names any more."""
    sweeping.sweep()


def wake_previewer(version_id: int) -> None:
    """Ask a worker for a preview now. Without a broker beat finds it within a minute."""
    if not redis_answers():
        return
    try:
        preview.apply_async([version_id], retry=False)
    except (OperationalError, OSError):
        return
