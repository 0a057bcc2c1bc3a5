"""What is aimed at, what leaders expect, and what the pipeline looked like week by week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access.models import Scope
from crm.access.policy import Owned, Via
from crm.access.snapshot import Access
from crm.fields.columns import MoneyField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from crm.users.models import Department
from sales.models import Opportunity, Stage

TARGET, ADJUSTMENT = "planning.target", "planning.forecastadjustment"


class OfSubject(Owned):
    """Figures of a person (the owner), or of a ``unit`` with everything below it: a unit's are seen by who sees the unit.

    Scopes below the department reach people alone, and what one answers for oneself.
    """

    def scope(self, access: Access, label: str, action: str) -> Q:
        reach = super().scope(access, label, action)
        if access.scope(label, action) not in (Scope.TEAM, Scope.DEPARTMENT):
            return reach
        within = Q(unit__isnull=True) & reach | Q(owner_id=access.user_id)
        if access.scope(label, action) == Scope.DEPARTMENT and access.department_ids:
            within |= Q(unit_id__in=access.department_ids)
        return within


class OfSubjectRecord(Record):
    """A figure of a month or quarter for a subject: the unit where there is one, else the owner."""

    access = OfSubject()

    unit = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department"),
        help_text=_("Empty: for the person who owns it. Else for the department with everybody in it."),
    )  # fmt: skip

    class Meta:
        abstract = True

    @property
    def subject(self) -> str:
        """Whom it is for."""
        return str(self.unit if self.unit_id else self.owner)

    @property
    def key(self) -> str:
        """The subject as pages name it."""
        return f"d{self.unit_id}" if self.unit_id else f"u{self.owner_id}"


class Target(OfSubjectRecord):
    """What a department or a person is to reach in a month: yuan for money, else a number."""

    class Metric(models.TextChoices):
        SALES = "sales", _("Sales (contracts signed)")
        RECEIPTS = "receipts", _("Receipts (money confirmed)")
        LEADS = "leads", _("New leads")
        VISITS = "visits", _("Visits")

    MONEY = (Metric.SALES, Metric.RECEIPTS)

    metric = models.CharField(_("metric"), max_length=10, choices=Metric, default=Metric.SALES)
    month = models.DateField(_("month"), help_text=_("Any day of it."))
    amount = models.DecimalField(_("target"), max_digits=18, decimal_places=2)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        indexes = [
            *scope_indexes("target", created="created_at", month="month"),
            models.Index(fields=["metric", "month"], condition=ALIVE, name="target_metric"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["metric", "month", "owner"],
                condition=ALIVE & Q(unit__isnull=True),
                name="person_has_one_target",
                violation_error_message=_("There is a target for this person and month already."),
            ),
            models.UniqueConstraint(
                fields=["metric", "month", "unit"],
                condition=ALIVE & Q(unit__isnull=False),
                name="unit_has_one_target",
                violation_error_message=_("There is a target for this department and month already."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="target_is_not_negative",
                violation_error_message=_("The target can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="target_is_of_a_month",
                violation_error_message=_("Name the first day of the month."),
            ),
        ]

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.month = record.month.replace(day=1)

    def clean(self) -> None:
        if self.month:
            self.month = self.month.replace(day=1)

    def __str__(self) -> str:
        return f"{self.subject} {self.month:%Y-%m} {self.get_metric_display()}"


class ForecastAdjustment(OfSubjectRecord):
    """What a leader expects of a subject in a month or quarter, beside what its opportunities add up to. Its changes are kept."""

    class Span(models.TextChoices):
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")

    span = models.CharField(_("period"), max_length=10, choices=Span, default=Span.MONTH)
    starts_on = models.DateField(_("begins on"))
    amount = MoneyField(_("expected"))
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY, editable=False)
    note = models.CharField(_("why"), max_length=500)

    class Meta:
        verbose_name = _("forecast adjustment")
        verbose_name_plural = _("forecast adjustments")
        indexes = scope_indexes("adjustment", created="created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["span", "starts_on", "owner"],
                condition=ALIVE & Q(unit__isnull=True),
                name="person_is_adjusted_once",
                violation_error_message=_("The forecast of this person is adjusted already: change that."),
            ),
            models.UniqueConstraint(
                fields=["span", "starts_on", "unit"],
                condition=ALIVE & Q(unit__isnull=False),
                name="unit_is_adjusted_once",
                violation_error_message=_("The forecast of this department is adjusted already: change that."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="adjustment_is_not_negative",
                violation_error_message=_("The amount can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.starts_on:%Y-%m}"


class ForecastLine(models.Model):
    """How an opportunity stood on the day of a snapshot. Not an entity: read by the forecast page, through the opportunity.

    ``worth`` is its amount in yuan on that day; None where there was no rate.
    """

    access = Via("opportunity")

    id = models.BigAutoField(primary_key=True)
    taken_on = models.DateField(_("taken on"))
    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="forecasts", verbose_name=_("opportunity")
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+", db_index=False)
    category = models.CharField(_("category"), max_length=20, choices=Stage.Forecast)
    worth = MoneyField(_("amount"), null=True)
    close_date = models.DateField(_("close date"), null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("line of a forecast snapshot")
        verbose_name_plural = _("lines of forecast snapshots")
        constraints = [models.UniqueConstraint(fields=["taken_on", "opportunity"], name="snapshot_names_each_once")]
        indexes = [models.Index(fields=["taken_on", "close_date"], name="snapshot_closing")]

    def __str__(self) -> str:
        return f"{self.taken_on} {self.opportunity_id}"


class Crediting(models.Model):
    """Whose a sale of a deal team is when results are counted; one row. Not an entity: admins keep it."""

    class By(models.TextChoices):
        SHARES = "shares", _("By the shares of the deal team")
        OWNER = "owner", _("The owner’s wholly")

    by = models.CharField(
        _("results count"), max_length=10, choices=By, default=By.SHARES,
        help_text=_("By shares: what nobody in the team has is the owner’s. It holds for the past, too."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("crediting of results")
        verbose_name_plural = _("crediting of results")
        default_permissions = ("view", "change")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="results_are_credited_one_way")]

    def __str__(self) -> str:
        return self.get_by_display()

    @classmethod
    def current(cls) -> str:
        """How it is; by shares while nobody changed it."""
        return cls.objects.filter(pk=1).values_list("by", flat=True).first() or cls.By.SHARES


def months_of(year: int) -> list[date]:
    """The first days of its months."""
    return [date(year, month, 1) for month in range(1, 13)]


ZERO = Decimal(0)
