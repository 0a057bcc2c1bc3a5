"""Chances to sell, who takes part in them, and how they moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import MoneyField, PercentField
from crm.lib.pinyin import pinyin_key
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.models import LONG_AGO, Account, Contact, DecisionRole, Source
from sales.models.pipeline import LossReason, Pipeline, Stage
from sales.querysets import OpportunityQuerySet

SOME_DAY = date(9999, 12, 31)


class Opportunity(Record):
    """A chance to sell. ``state`` follows from the stage; when it came there and when it closed follow from its moves."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    prepared = ("name_key", "pipeline", "state")
    derived = ("stage_entered_at", "closed_at", "last_activity_at")

    name = models.CharField(
        _("name"), max_length=300, blank=True, help_text=_("Empty: made of the account and the product.")
    )
    name_key = models.CharField(max_length=300, editable=False)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="opportunities", verbose_name=_("account")
    )
    pipeline = models.ForeignKey(
        Pipeline,
        models.PROTECT,
        editable=False,
        db_index=False,
        related_name="opportunities",
        verbose_name=_("pipeline"),
    )
    stage = models.ForeignKey(
        Stage, models.PROTECT, db_index=False, related_name="opportunities", verbose_name=_("stage")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, editable=False)
    amount = MoneyField(_("amount"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    probability = PercentField(_("probability"), null=True, blank=True, help_text=_("Empty: that of the stage."))
    close_date = models.DateField(_("close date"), null=True, blank=True)
    forecast_category = models.CharField(
        _("forecast category"),
        max_length=20,
        choices=Stage.Forecast,
        blank=True,
        help_text=_("Empty: that of the stage."),
    )
    engaged_on = models.DateField(_("engaged on"), null=True, blank=True)
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    product_text = models.CharField(_("product"), max_length=300, blank=True)
    next_step = models.CharField(_("next step"), max_length=300, blank=True)
    next_step_on = models.DateField(_("next step on"), null=True, blank=True)
    loss_reason = models.ForeignKey(
        LossReason, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("loss reason")
    )
    loss_note = models.CharField(_("note on the loss"), max_length=500, blank=True)
    external_id = models.CharField(_("external id"), max_length=100, blank=True)
    description = models.TextField(_("description"), blank=True)
    stage_entered_at = models.DateTimeField(_("in this stage since"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    last_activity_at = models.DateTimeField(_("last activity"), null=True, editable=False)

    amount_key = models.GeneratedField(
        expression=Coalesce("amount", Decimal("-1.00")), output_field=MoneyField(), db_persist=True
    )
    close_date_key = models.GeneratedField(
        expression=Coalesce("close_date", SOME_DAY), output_field=models.DateField(), db_persist=True
    )
    last_activity_key = models.GeneratedField(
        expression=Coalesce("last_activity_at", LONG_AGO), output_field=models.DateTimeField(), db_persist=True
    )

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        indexes = [
            *scope_indexes("deal", created="created_at", amount="amount_key", close="close_date_key"),
            models.Index(
                fields=["stage", "created_at", "id"],
                include=["amount", "currency", "probability", "owner", "department"],
                condition=ALIVE,
                name="deal_lane",
            ),
            models.Index(
                fields=["stage", "stage_entered_at"],
                include=["amount", "currency", "owner", "department", "pipeline"],
                condition=ALIVE & models.Q(state="open"),
                name="deal_stalled",
            ),
            models.Index(fields=["state", "close_date"], condition=ALIVE, name="deal_closed"),
            models.Index(
                fields=["close_date"],
                include=[
                    "owner",
                    "department",
                    "stage",
                    "state",
                    "amount",
                    "currency",
                    "probability",
                    "forecast_category",
                ],
                condition=ALIVE & models.Q(state="open"),
                name="deal_closing",
            ),
            models.Index(fields=["close_date"], condition=ALIVE & ~models.Q(currency="CNY"), name="deal_foreign"),
            models.Index(fields=["external_id"], condition=~models.Q(external_id=""), name="deal_external_id"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0),
                name="opportunity_amount_is_not_negative",
                violation_error_message=_("The amount can't be negative."),
            ),
            models.CheckConstraint(
                condition=models.Q(probability__range=(0, 100)),
                name="opportunity_probability_is_a_percentage",
                violation_error_message=_("The probability lies between 0 and 100."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        stages = {r.stage_id: r.stage for r in records if r._state.fields_cache.get("stage")}
        stages |= Stage.objects.in_bulk({r.stage_id for r in records} - stages.keys())
        cls._name([record for record in records if not record.name])
        for record in records:
            record.name_key = pinyin_key(record.name)[:300]
            if stage := stages.get(record.stage_id):
                record.pipeline_id, record.state = stage.pipeline_id, stage.state
            if record._state.adding:
                record.start()

    @classmethod
    def _name(cls, records: Sequence[Self]) -> None:
        """Name those that came without a name after their account and product."""
        accounts = {r.account_id for r in records if r.account_id}
        names = dict(Account.objects.filter(pk__in=accounts).values_list("pk", "name")) if accounts else {}
        for record in records:
            parts = filter(None, (names.get(record.account_id), record.product_text))
            record.name = (" · ".join(parts) or record.external_id or str(cls._meta.verbose_name))[:300]

    def start(self) -> None:
        """A new opportunity stands in its stage from now on; one that comes closed was closed on its close date."""
        self.stage_entered_at = self.stage_entered_at or timezone.now()
        if self.state != self.State.OPEN and self.closed_at is None:
            day = self.close_date
            self.closed_at = timezone.make_aware(datetime.combine(day, time.min)) if day else self.stage_entered_at

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account] if self.account_id else [self]

    @property
    def chance(self) -> Decimal:
        """Its own probability, else that of its stage, in percent."""
        return self.stage.probability if self.probability is None else self.probability

    @property
    def days_in_stage(self) -> int | None:
        """Whole days since it came into its stage; None when nobody knows."""
        return (timezone.now() - self.stage_entered_at).days if self.stage_entered_at else None

    @property
    def is_stalled(self) -> bool:
        """Whether it lies in its stage for as many full days as the stage allows, or longer: as ``objects.stalled``."""
        days, limit = self.days_in_stage, self.stage.rotting_days
        return self.state == self.State.OPEN and days is not None and limit is not None and days >= limit

    @property
    def is_overdue(self) -> bool:
        """Whether it is open past its close date."""
        return self.state == self.State.OPEN and self.close_date is not None and self.close_date < timezone.localdate()


class OpportunityContact(Record):
    """The part a person plays in one sale."""

    access = Via("opportunity")

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="people", verbose_name=_("opportunity"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="roles", verbose_name=_("contact"))
    role = models.CharField(_("role in decisions"), max_length=20, choices=DecisionRole, blank=True)
    is_primary = models.BooleanField(_("main contact"), default=False)

    class Meta:
        verbose_name = _("contact role")
        verbose_name_plural = _("contact roles")
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "contact"],
                condition=ALIVE,
                name="contact_has_one_role_in_a_sale",
                violation_error_message=_("This person takes part already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.opportunity}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.opportunity, self.contact]


class StageHistory(models.Model):
    """One move from stage to stage. Append-only, and not an entity: it is read by funnels and durations.

    ``seconds`` is how long the opportunity lay in ``from_stage``; None where that is not known, as after an import.
    """

    id = models.BigAutoField(primary_key=True)
    opportunity = models.ForeignKey(Opportunity, models.PROTECT, related_name="moves", verbose_name=_("opportunity"))
    from_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+", db_index=False, verbose_name=_("from"))
    to_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+", db_index=False, verbose_name=_("to"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("by")
    )
    seconds = models.BigIntegerField(_("seconds in the stage"), null=True)
    amount = MoneyField(_("amount then"), null=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("stage move")
        verbose_name_plural = _("stage moves")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["from_stage", "at"], name="stage_move_from")]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
