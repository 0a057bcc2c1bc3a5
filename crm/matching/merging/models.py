"""What a merge did, so exactly that it can be taken back at any time."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.records.models import ChangeSet


class MergeOperation(models.Model):
    """Records of one entity that became one: ``record_id`` is the one that stays. Not an entity: a part of the log.

    ``values`` holds by field what the record that stays had and what it took over, ``derived`` the same of columns that are
    no history. ``left`` lists what taking it back found changed since. Names are not kept: they are read anew, for the reader.
    """

    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    changes = models.ForeignKey(ChangeSet, models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)
    values = models.JSONField(default=dict)
    derived = models.JSONField(default=dict)
    left = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        indexes = [models.Index(fields=["entity", "record_id"], name="merge_of_record")]

    def __str__(self) -> str:
        return f"{self.entity} → {self.record_id}"


class MergedRecord(models.Model):
    """A record that went into another one. Not an entity. ``active`` until the merge is taken back: nothing is merged twice."""

    operation = models.ForeignKey(MergeOperation, models.CASCADE, related_name="merged")
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    active = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "record_id"], condition=models.Q(active=True), name="merged_into_one_only"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"


class MergeItem(models.Model):
    """Rows of one model that pointed at a merged record by ``name`` (a link, a pair of columns, a custom field). Not an entity.

    ``rows`` point at the one that stays since; ``left`` were left where they are, as it has such a row already.
    """

    operation = models.ForeignKey(MergeOperation, models.CASCADE, related_name="items")
    model = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    rows = ArrayField(models.BigIntegerField(), default=list)
    left = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["operation", "model", "name", "record_id"], name="merge_item_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.model}.{self.name}: {len(self.rows)}"
