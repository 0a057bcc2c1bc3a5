"""Rules that say which level and which place in the life cycle an account has. Not entities: admins keep them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.records.figures import Figures
from customers.models import Account


class LevelRule(models.Model):
    """Accounts that fulfil the condition get the value; of a field's rules the first that fits decides."""

    class Target(models.TextChoices):
        LEVEL = "level", _("Level")
        LIFECYCLE = "lifecycle", _("Life cycle")

    target = models.CharField(_("what it sets"), max_length=20, choices=Target, default=Target.LEVEL)
    value = models.CharField(_("value"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=100)
    condition = models.JSONField(_("conditions"), default=dict, blank=True)
    position = models.PositiveIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("level rule")
        verbose_name_plural = _("level rules")
        ordering = ["target", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(target__in=["level", "lifecycle"]), name="level_rule_target_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def said(self) -> str:
        """The value in words."""
        return str(dict(Account._meta.get_field(self.target).flatchoices).get(self.value, "–"))


class LevelHold(Figures):
    """Whether somebody keeps the level or the life cycle of an account by hand: rules leave it alone then."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="level_hold", editable=False)
    level = models.BooleanField(_("level kept by hand"), db_default=False, editable=False)
    lifecycle = models.BooleanField(_("life cycle kept by hand"), db_default=False, editable=False)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("by")
    )

    class Meta(Figures.Meta):
        verbose_name = _("level kept by hand")
        verbose_name_plural = _("levels kept by hand")

    def __str__(self) -> str:
        return str(self.account_id)
