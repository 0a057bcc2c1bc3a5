"""What a conversion took from a lead to the person it became: so that undoing the conversion finds it again."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Carried(models.Model):
    """One conversion's events and identities. ``made``: the person was made by it, and all that they did since is the lead's again.

    ``dropped`` are links that the person had already, as they were on the lead. Not an entity: it goes with its lead.
    """

    lead = models.OneToOneField("sales.Lead", models.CASCADE, primary_key=True, related_name="+")
    on_entity = models.CharField(max_length=100)
    on_id = models.BigIntegerField()
    made = models.BooleanField(default=False)
    events = ArrayField(models.BigIntegerField(), default=list)
    links = ArrayField(models.BigIntegerField(), default=list)
    dropped = models.JSONField(default=list)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.on_entity} {self.on_id}"
