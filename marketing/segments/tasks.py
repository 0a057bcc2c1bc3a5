"""Segments are counted by themselves, so that their list tells sizes without waiting."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.db import OperationalError, transaction

from marketing.segments.models import Segment
from marketing.segments.services import recount

log = structlog.get_logger(__name__)


@shared_task
def recount_all() -> int:
    """Count each; one that takes too long keeps its last number."""
    done = 0
    for segment in Segment.objects.filter(deleted_at__isnull=True).order_by("counted_at", "pk"):
        try:
            with transaction.atomic():
                recount(segment)
            done += 1
        except OperationalError as error:
            log.warning("segment_not_counted", segment=segment.pk, error=repr(error))
    return done
