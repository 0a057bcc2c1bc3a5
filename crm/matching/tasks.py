"""Thin doors from Celery into the services."""

from celery import shared_task

from crm.matching.cases.registering import end_protection
from crm.matching.cases.services import move_on
from crm.matching.jobs import scan_all
from crm.matching.keys import matched_labels
from crm.matching.merging.late import move_late
from crm.matching.scan import freshen


@shared_task(name="crm.matching.tasks.freshen_pairs")
def freshen_pairs() -> None:
    """Each minute: the pairs of what was written lately."""
    for label in matched_labels():
        freshen(label)


@shared_task(name="crm.matching.tasks.nightly")
def nightly() -> None:
    """Each night: all pairs anew."""
    scan_all()


@shared_task(name="crm.matching.tasks.move_cases")
def move_cases() -> None:
    """Each minute: collisions that nobody answered in time, registrations whose time is over."""
    move_on()
    end_protection()


@shared_task(name="crm.matching.tasks.move_late")
def move_late_links() -> None:
    """Each minute: what came to point at a record while it was being merged."""
    move_late()
