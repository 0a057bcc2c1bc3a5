"""Segments are counted by themselves: their list tells sizes without waiting, and what time alone changes is noticed."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from crm.customfields import definitions
from marketing.segments.keeping import recount
from marketing.segments.models import Segment

log = structlog.get_logger(__name__)


@shared_task
def recount_all() -> int:
    """Count each; one that takes too long keeps its last number."""
    return _recount(Segment.objects.filter(deleted_at__isnull=True))


@shared_task
def base_new() -> int:
    """Write down who is in the segments that are new or were changed."""
    return _recount(Segment.objects.filter(deleted_at__isnull=True, kind=Segment.Kind.DYNAMIC, based_at__isnull=True))


def _recount(segments: QuerySet[Segment]) -> int:
    definitions.renew()
    done = 0
    for segment in segments.order_by("counted_at", "pk"):
        try:
            with transaction.atomic():
                recount(segment)
            done += 1
        except OperationalError as error:
            log.warning("segment_not_counted", segment=segment.pk, error=repr(error))
    return done
