"""How well a lead or an account fits: weighted rules, and what they make of each record. Not entities: admins keep the rules,
the scores are fields of leads and accounts."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.records.figures import Figures
from customers.models import Account
from sales.models import Lead

MOST = 1000


class Of(models.TextChoices):
    """What is scored."""

    LEAD = "sales.lead", _("Leads")
    ACCOUNT = "customers.account", _("Accounts (customers)")


class ScoreModel(models.Model):
    """From which score on a record is hot: its owner is told once when it gets there."""

    of = models.CharField(_("scores"), max_length=50, choices=Of, unique=True)
    hot_from = models.IntegerField(
        _("hot from"), default=80, validators=[MinValueValidator(-MOST), MaxValueValidator(10 * MOST)]
    )
    tell = models.BooleanField(_("tell the owner"), default=True)

    class Meta:
        verbose_name = _("hot from")
        verbose_name_plural = _("hot from")

    def __str__(self) -> str:
        return f"{self.get_of_display()} ≥ {self.hot_from}"


class ScoreRule(models.Model):
    """Points for what fulfils the condition. With a date and a half-life they fade: half of them are left after so many days."""

    of = models.CharField(_("scores"), max_length=50, choices=Of, default=Of.LEAD)
    name = models.CharField(_("name"), max_length=100, help_text=_("The reason as people read it."))
    condition = models.JSONField(_("conditions"), default=dict, blank=True)
    points = models.SmallIntegerField(
        _("points"), default=10, validators=[MinValueValidator(-MOST), MaxValueValidator(MOST)]
    )
    dated_by = models.CharField(_("fades from"), max_length=100, blank=True)
    half_life = models.PositiveSmallIntegerField(
        _("half-life in days"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    position = models.PositiveIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("score rule")
        verbose_name_plural = _("score rules")
        ordering = ["of", "position", "id"]

    def __str__(self) -> str:
        return self.name


class FitScore(Figures):
    """The score of a record, and the points of each rule by its id."""

    score = models.IntegerField(_("fit score"), db_default=0, editable=False)
    reasons = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), editable=False)
    hot_at = models.DateTimeField(_("hot since"), null=True, editable=False)

    class Meta(Figures.Meta):
        abstract = True

    def __str__(self) -> str:
        return str(self.score)


class LeadFit(FitScore):
    """Of a lead."""

    record = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="fit", editable=False)

    class Meta(FitScore.Meta):
        abstract = False
        verbose_name = verbose_name_plural = _("fit score")
        indexes = [models.Index(fields=["score", "record"], name="scoring_lead_order")]


class AccountFit(FitScore):
    """Of an account."""

    record = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="fit", editable=False)

    class Meta(FitScore.Meta):
        abstract = False
        verbose_name = verbose_name_plural = _("fit score")
        indexes = [models.Index(fields=["score", "record"], name="scoring_account_order")]
