"""What boards and dashboards would else count and add up row by row, kept by the database itself."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import SumsOf
from crm.access.querysets import RestrictedQuerySet
from customers.models import Source
from sales.models.pipeline import Pipeline, Stage

DEALS = "sales.opportunity"


def _key(to: str | type[models.Model], **options: bool) -> models.ForeignKey:
    """A part of the key of a tally. It follows the rows that are counted, so nothing needs to hold it or be held by it."""
    return models.ForeignKey(to, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False, **options)


class Tally(models.Model):
    """Sums over what is not in the trash; **several rows have the same key** and are to be added up.

    Triggers append the difference that each statement makes, in its transaction: no writer waits for another, no door passes
    them by. ``sales.tally_upkeep.fold`` makes the rows of one key one. Not an entity: it names no record.
    """

    keys: ClassVar[tuple[str, ...]]
    sums: ClassVar[tuple[str, ...]]
    counted: ClassVar[str]
    """The function of the database that counts the rows anew."""

    id = models.BigAutoField(primary_key=True)
    owner = _key(settings.AUTH_USER_MODEL)
    department = _key("users.Department", null=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class DealTally(Tally):
    """Opportunities: how many, and how much money. What is closed is kept apart by the month of its close date and by source.

    ``rated`` is the sum of amount × own probability in percent, ``unrated`` the amount of those without one of their own.
    """

    access = SumsOf(DEALS)
    keys = ("pipeline_id", "owner_id", "department_id", "stage_id", "state", "currency", "month", "source_id")
    sums = ("deals", "amount", "rated", "unrated")
    counted = "sales_deals_counted"

    pipeline = _key(Pipeline)
    stage = _key(Stage)
    state = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    month = models.DateField(null=True)
    source = _key(Source, null=True)
    deals = models.IntegerField()
    amount = models.DecimalField(max_digits=24, decimal_places=2)
    rated = models.DecimalField(max_digits=28, decimal_places=4)
    unrated = models.DecimalField(max_digits=24, decimal_places=2)

    class Meta(Tally.Meta):
        verbose_name = _("tally of opportunities")
        verbose_name_plural = _("tallies of opportunities")
        indexes = [
            models.Index(fields=["stage"], name="deal_tally_stage"),
            models.Index(fields=["state", "month"], name="deal_tally_month"),
        ]


class MoveTally(Tally):
    """Moves between stages of opportunities, by the month in which they happened in UTC, under their present owner and pipeline.

    ``seconds`` lay in ``from_stage`` those ``timed`` moves of which it is known.
    """

    access = SumsOf(DEALS)
    keys = ("pipeline_id", "owner_id", "department_id", "from_stage_id", "to_stage_id", "month")
    sums = ("moves", "seconds", "timed")
    counted = "sales_moves_counted"

    pipeline = _key(Pipeline)
    from_stage = _key(Stage)
    to_stage = _key(Stage)
    month = models.DateField()
    moves = models.IntegerField()
    seconds = models.BigIntegerField()
    timed = models.IntegerField()

    class Meta(Tally.Meta):
        verbose_name = _("tally of stage moves")
        verbose_name_plural = _("tallies of stage moves")
        indexes = [models.Index(fields=["from_stage", "month"], name="move_tally_month")]
