"""The search index. Not an entity: one derived row a record, rewritten in the transaction that writes the record."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchRow(models.Model):
    """``haystack`` holds the folded texts, each behind the mark of its field; ``grams`` are the pieces that it contains.

    ``owner_id`` and ``department_id`` repeat the record's, so that a person's own rows are found without a join; what the
    index proposes still passes ``restrict()`` before anybody sees it.
    """

    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    owner_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    grams = ArrayField(models.IntegerField())
    haystack = models.TextField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["entity", "record_id"], name="search_row_is_unique")]
        indexes = [
            GinIndex(fields=["grams"], name="search_grams"),
            models.Index(fields=["-at", "-id"], name="search_recent"),
            models.Index(fields=["owner_id", "-at", "-id"], name="search_owner_recent"),
            models.Index(fields=["department_id", "-at", "-id"], name="search_department_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"
