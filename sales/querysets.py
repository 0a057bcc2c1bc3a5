"""Which leads and opportunities: questions that boards, dashboards and reports ask in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import DecimalField, DurationField, ExpressionWrapper, F, Value
from django.db.models.functions import Coalesce

from crm.access.querysets import RestrictedQuerySet

# The amount times the own probability, else that of the stage.
WEIGHTED = ExpressionWrapper(
    F("amount") * Coalesce("probability", "stage__probability") / 100,
    output_field=DecimalField(max_digits=20, decimal_places=4),
)


class LeadQuerySet(RestrictedQuerySet):
    """People and companies that might buy."""

    def open(self) -> LeadQuerySet:
        """Those still to be worked on."""
        return self.exclude(status__in=[self.model.Status.CONVERTED, self.model.Status.INVALID])


class OpportunityQuerySet(RestrictedQuerySet):
    """Chances to sell."""

    def open(self) -> OpportunityQuerySet:
        """Neither won nor lost."""
        return self.filter(state="open")

    def won(self) -> OpportunityQuerySet:
        return self.filter(state="won")

    def lost(self) -> OpportunityQuerySet:
        return self.filter(state="lost")

    def closing_between(self, first: date, last: date) -> OpportunityQuerySet:
        """Those whose close date lies in the days from ``first`` to ``last``."""
        return self.filter(close_date__range=(first, last))

    def overdue(self, today: date) -> OpportunityQuerySet:
        """Open ones that should have been closed before ``today``."""
        return self.open().filter(close_date__lt=today)

    def weighted(self) -> OpportunityQuerySet:
        """Each with ``weighted``: its amount times its own or its stage's probability; None without an amount."""
        return self.annotate(weighted=WEIGHTED)

    def stalled(self, now: datetime) -> OpportunityQuerySet:
        """Open ones that came into their stage at least its rotting days × 24 hours before ``now``.

        This is what stalled means everywhere: ``Opportunity.is_stalled`` and the operator “full_days” say the same.
        """
        one_day = Value(timedelta(days=1), output_field=DurationField())
        limit = ExpressionWrapper(F("stage__rotting_days") * one_day, output_field=DurationField())
        return self.open().filter(stage__rotting_days__isnull=False, stage_entered_at__lte=Value(now) - limit)
