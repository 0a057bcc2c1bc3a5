"""What a record has that may lie in a pool."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Index, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Pooled
from crm.records.indexes import ALIVE
from crm.records.models import Record


class PooledRecord(Record):
    """A record that has exactly one of owner and pool.

    ``held_since`` is since when it has them; ``recycle_at`` is when it goes back to a pool, kept only while that is near
    (``crm.ownership.recycling``): what the list “about to be recycled” asks for.
    """

    access = Pooled()

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, null=True, related_name="+", verbose_name=_("owner")
    )
    pool = models.ForeignKey(
        "ownership.Pool",
        models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("pool"),
    )
    held_since = models.DateTimeField(_("held since"), default=timezone.now, editable=False)
    recycle_at = models.DateTimeField(_("goes to the pool"), null=True, editable=False)

    class Meta:
        abstract = True


def pool_indexes(prefix: str) -> list[Index]:
    """What lies in each pool, the newest first, and what will soon go to one."""
    return [
        Index(fields=["pool", "created_at", "id"], condition=ALIVE & Q(pool__isnull=False), name=f"{prefix}_pool"),
        Index(fields=["recycle_at", "id"], condition=Q(recycle_at__isnull=False), name=f"{prefix}_recycle"),
    ]


def owner_or_pool(name: str) -> models.CheckConstraint:
    """A record has exactly one of owner and pool."""
    return models.CheckConstraint(
        condition=Q(owner__isnull=False, pool__isnull=True) | Q(owner__isnull=True, pool__isnull=False),
        name=name,
        violation_error_message=_("It has either an owner or lies in a pool."),
    )
