"""How long records are kept."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RetentionRule(models.Model):
    """What becomes of records of an age. Not an entity: kept in Django admin."""

    class Age(models.TextChoices):
        CREATED = "created_at", _("since it was created")
        CHANGED = "updated_at", _("since it was changed")
        ACTIVITY = "last_activity_at", _("since the last activity")

    class Then(models.TextChoices):
        TRASH = "trash", _("Move to the trash")
        ANONYMISE = "anonymise", _("Anonymise: empty the personal fields and blank the history")
        ERASE = "erase", _("Erase the person everywhere")

    entity = models.CharField(_("entity"), max_length=100)
    name = models.CharField(_("name"), max_length=100)
    active = models.BooleanField(_("in use"), default=False, help_text=_("Try it out before you switch it on."))
    condition = models.JSONField(_("conditions"), default=dict, blank=True)
    age = models.CharField(_("age"), max_length=30, choices=Age, default=Age.ACTIVITY)
    days = models.PositiveIntegerField(
        pgettext_lazy("age", "days"), default=1095, validators=[MinValueValidator(1), MaxValueValidator(36500)]
    )
    then = models.CharField(pgettext_lazy("rule", "then"), max_length=10, choices=Then, default=Then.TRASH)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class RetentionRun(models.Model):
    """One run of a rule: how many records it found and what became of them. Not an entity: the rule's log."""

    rule = models.ForeignKey(RetentionRule, models.CASCADE, related_name="runs", verbose_name=_("rule"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    found = models.BigIntegerField(_("found"), default=0)
    done = models.BigIntegerField(_("done"), default=0)
    held = models.BigIntegerField(_("kept by a legal hold"), default=0)
    failed = models.BigIntegerField(_("failed"), default=0)
    reasons = models.JSONField(_("reasons"), default=dict)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        default_permissions = ("view",)
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.rule} {self.at:%Y-%m-%d %H:%M}"
