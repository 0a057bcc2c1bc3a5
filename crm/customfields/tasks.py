"""What is done for custom fields by the clock."""

from __future__ import annotations

from celery import shared_task

from crm.customfields.formulas import recalculating


@shared_task(name="crm.customfields.tasks.nightly")
def nightly() -> int:
    """Formulas with today() and now(), roll-ups over periods, values looked up in lists."""
    return recalculating.nightly()
