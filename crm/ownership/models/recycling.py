"""When records go back to a pool, and what was decided about each."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.ownership.models.pools import MOST_DAYS, Pool


class RecycleRule(models.Model):
    """What a member of the pool has left alone for so long goes to the pool. Kept in Django admin, with its pool.

    ``counted_from`` names what is counted from: see ``crm.ownership.anchors``. Days are days of 24 hours; working days end when
    work ends, working hours run while there is work, both by the calendar of the owner.
    """

    class Unit(models.TextChoices):
        DAYS = "days", _("days")
        WORKING_DAYS = "working_days", _("working days")
        WORKING_HOURS = "working_hours", _("working hours")

    pool = models.ForeignKey(Pool, models.CASCADE, related_name="recycle_rules", verbose_name=_("pool"))
    counted_from = models.CharField(_("counted from"), max_length=100)
    days = models.PositiveSmallIntegerField(
        _("so many"), validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )
    unit = models.CharField(_("unit"), max_length=20, choices=Unit, default=Unit.DAYS)
    warn_days = models.PositiveSmallIntegerField(_("warns days before"), default=3, validators=[MaxValueValidator(365)])
    condition = models.JSONField(_("only records where"), default=dict, blank=True)
    exempt = models.JSONField(_("except records where"), default=dict, blank=True)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("recycle rule")
        verbose_name_plural = _("recycle rules")
        ordering = ["pool", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(days__gte=1),
                name="recycle_days_are_positive",
                violation_error_message=_("Enter at least one day."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pool} · {self.counted_from} + {self.days} {self.get_unit_display()}"

    def told(self) -> dict[str, Any]:
        """As an entry keeps it: what it was when it decided."""
        return {"rule": self.pk, "counted_from": self.counted_from, "days": self.days, "unit": self.unit}


class RecycleVerdict(models.Model):
    """What a rule decided about a record, once for each moment that it counted from."""

    class Verdict(models.TextChoices):
        WARNED = "warned", _("Warned")
        EXEMPT = "exempt", _("Exempt")
        HELD = "held", _("Held back")
        RECYCLED = "recycled", _("Recycled")

    rule = models.ForeignKey(RecycleRule, models.CASCADE, db_index=False, related_name="+")
    record_id = models.BigIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    counted_from = models.DateTimeField()
    due_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "rule", "verdict", "counted_from"], name="recycle_verdict_is_given_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.record_id}"


class RecycleRun(models.Model):
    """One turn of the clock that did something: how many records were warned of, exempt and recycled."""

    at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(default=0)
    warned = models.PositiveIntegerField(default=0)
    exempt = models.PositiveIntegerField(default=0)
    recycled = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("recycling")
        verbose_name_plural = _("recyclings")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.recycled}"
