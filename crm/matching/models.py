"""What makes two records look like the same thing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MatchKey(models.Model):
    """One normalised value of a record by which duplicates are found. Not an entity: it follows its record."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company name")
        PERSON = "person", _("Person name")
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")
        TAX_ID = "tax_id", _("Tax id")

    id = models.BigAutoField(primary_key=True)
    entity = models.CharField(max_length=100)
    record_id = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    value = models.CharField(max_length=300)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint("entity", "record_id", "kind", "value", name="match_key_is_unique")]
        indexes = [models.Index("kind", "value", name="match_key_value")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id} {self.kind} {self.value}"
