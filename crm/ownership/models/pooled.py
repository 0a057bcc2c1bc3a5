"""What a record has that may lie in a pool."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Index, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Pooled
from crm.records.indexes import ALIVE
from crm.records.models import Record


class InPool(Record):
    """A record that has exactly one of owner and pool."""

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

    class Meta:
        abstract = True


class PooledRecord(InPool):
    """A record that may lie in a pool, where it is claimed.

    ``held_since`` is since when it has its owner or pool; ``recycle_at`` is when it goes back to a pool, kept only while that is
    near (``crm.ownership.recycling``): what the list “about to be recycled” asks for. ``pool_key`` is what lists are sorted by.
    """

    access = Pooled()

    held_since = models.DateTimeField(_("held since"), default=timezone.now, editable=False)
    recycle_at = models.DateTimeField(_("goes to the pool"), null=True, editable=False)
    pool_key = models.GeneratedField(
        expression=Coalesce("pool", 0), output_field=models.BigIntegerField(), db_persist=True
    )

    class Meta:
        abstract = True


class AlongRecord(InPool):
    """A record that goes with another one into its pool and out of it: say ``access = PooledWith("<link>")``.

    ``crm.ownership.along`` sees to it in the transaction that moves the other one.
    """

    class Meta:
        abstract = True


def pool_indexes(prefix: str) -> list[Index]:
    """What lies in each pool, the newest first, the order of lists by pool, and what will soon go to one."""
    return [
        Index(fields=["pool", "created_at", "id"], condition=ALIVE & Q(pool__isnull=False), name=f"{prefix}_pool"),
        Index(fields=["pool_key", "id"], condition=ALIVE, name=f"{prefix}_pool_all"),
        Index(fields=["recycle_at", "id"], condition=Q(recycle_at__isnull=False), name=f"{prefix}_recycle"),
    ]


def owner_or_pool(name: str) -> models.CheckConstraint:
    """A record has exactly one of owner and pool."""
    return models.CheckConstraint(
        condition=Q(owner__isnull=False, pool__isnull=True) | Q(owner__isnull=True, pool__isnull=False),
        name=name,
        violation_error_message=_("It has either an owner or lies in a pool."),
    )
