"""Segments: groups of accounts, contacts or leads, by conditions or as a list of chosen ones.

Lists ask the conditions anew each time; members are kept beside them, so that entering and leaving can be told.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm.access.policy import Shared
from crm.records.indexes import scope_indexes
from crm.records.models import Record


class Asked(models.JSONField):
    """A stored condition. History says how much it asks, not what: whoever reads that may not know the fields."""

    def told(self, value: Any) -> str:
        """How many conditions it has."""
        count = _tests(value)
        return ngettext("%(count)d condition", "%(count)d conditions", count) % {"count": count} if count else ""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


def _tests(value: Any) -> int:
    """How many fields a condition compares."""
    if not isinstance(value, dict):
        return 0
    items = value.get("all", value.get("any"))
    return sum(map(_tests, items)) if isinstance(items, list) else int("field" in value)


class Segment(Record):
    """A group that has a name. ``condition`` says who is in it, ``without`` who is not all the same; static ones list members."""

    access = Shared()

    class Of(models.TextChoices):
        ACCOUNT = "customers.account", _("Accounts (customers)")
        CONTACT = "customers.contact", _("Contacts")
        LEAD = "sales.lead", _("Leads")

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("By conditions")
        STATIC = "static", _("Chosen list")

    derived = ("size", "counted_at", "based_at")

    name = models.CharField(_("name"), max_length=200)
    of = models.CharField(_("group of"), max_length=50, choices=Of, default=Of.ACCOUNT)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.DYNAMIC)
    condition = Asked(_("who is in it"), default=dict, blank=True, editable=False)
    without = Asked(_("without"), default=dict, blank=True, editable=False)
    description = models.TextField(_("description"), blank=True)
    size = models.PositiveIntegerField(_("members"), null=True, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    # Since when its members are kept: from then on entering and leaving is told. None: to be written down first.
    based_at = models.DateTimeField(_("members known since"), null=True, editable=False)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        indexes = scope_indexes("segment", created="created_at")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""), name="segment_has_a_name", violation_error_message=_("Enter a name.")
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_static(self) -> bool:
        """Whether its members were chosen one by one."""
        return self.kind == self.Kind.STATIC


class SegmentMember(models.Model):
    """A record on the list of a static segment, or one that met the conditions when last looked at (``keeping``).

    Not an entity: seen with the record and the segment.
    """

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members")
    entity = models.CharField(max_length=50)
    record_id = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["segment", "entity", "record_id"], name="segment_member_once")]
        indexes = [models.Index(fields=["entity", "record_id"], name="segment_member_of")]

    def __str__(self) -> str:
        return f"{self.entity} {self.record_id}"
