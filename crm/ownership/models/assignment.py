"""Who gets a record: rules in their order, the people each rule chooses from, and what they were given."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class AssignmentRule(models.Model):
    """The first rule whose conditions hold and that finds somebody decides. Not an entity: kept in Django admin."""

    class Strategy(models.TextChoices):
        TURN = "turn", _("In turn")
        LEAST_BUSY = "least_busy", _("Who has least to do")
        WEIGHTED = "weighted", _("By weight and performance")

    class When(models.TextChoices):
        BY_HAND = "by_hand", _("Only on command")
        RECEIVED = "received", _("New records from imports, forms and programs")
        ALL = "all", _("All new records, typed ones too")

    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("The lowest is asked first."))
    active = models.BooleanField(_("in use"), default=True)
    when = models.CharField(_("used for"), max_length=10, choices=When, default=When.RECEIVED)
    condition = models.JSONField(_("conditions"), default=dict, blank=True)
    strategy = models.CharField(_("strategy"), max_length=10, choices=Strategy, default=Strategy.TURN)
    measure = models.CharField(
        _("performance"),
        max_length=50,
        blank=True,
        help_text=_("What counts besides the weight, when shared by weight."),
    )
    working_hours = models.BooleanField(
        _("only who is at work"), default=False, help_text=_("Passes over people outside their working hours.")
    )
    fallback_pool = models.ForeignKey(
        "ownership.Pool",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("otherwise to the pool"),
        help_text=_("Where the record goes when nobody of the rule can. Empty: the next rule is asked."),
    )
    fallback = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("otherwise"),
        help_text=_("Who gets the record when nobody of the rule can. Empty: the next rule is asked."),
    )

    class Meta:
        verbose_name = _("assignment rule")
        verbose_name_plural = _("assignment rules")
        ordering = ["entity", "position", "id"]
        indexes = [models.Index(fields=["entity", "position"], condition=models.Q(active=True), name="active_rules")]

    def __str__(self) -> str:
        return self.name


class AssignmentMember(models.Model):
    """One person of a rule, how much they can take, and what the rule has given them."""

    rule = models.ForeignKey(AssignmentRule, models.CASCADE, related_name="members", verbose_name=_("rule"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    position = models.PositiveIntegerField(_("position"), default=0)
    weight = models.DecimalField(
        _("weight"), max_digits=6, decimal_places=2, default=Decimal(1), validators=[MinValueValidator(Decimal("0.01"))]
    )
    capacity = models.PositiveIntegerField(_("open at most"), null=True, blank=True)
    per_day = models.PositiveIntegerField(_("a day at most"), null=True, blank=True)
    given = models.PositiveIntegerField(_("given"), default=0, editable=False)
    given_on = models.DateField(null=True, editable=False)
    given_that_day = models.PositiveIntegerField(default=0, editable=False)
    last_turn = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("person of a rule")
        verbose_name_plural = _("people of a rule")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "user"],
                name="person_is_in_a_rule_once",
                violation_error_message=_("The rule has that person already."),
            ),
            models.CheckConstraint(
                condition=models.Q(weight__gt=0),
                name="weight_is_positive",
                violation_error_message=_("Enter a weight above zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} · {self.user}"
