"""Who sells with us: the profile of an account that is a partner, and the levels of partners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.fields.columns import ColouredField
from crm.lib.pinyin import pinyin_key
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account

STATE_COLOURS = {"candidate": "slate", "active": "green", "suspended": "amber", "ended": "red"}


class PartnerLevel(models.Model):
    """How close a partner is to us. Not an entity: a list that admins keep in Django admin."""

    access = Open()
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=50, unique=True)
    rank = models.PositiveSmallIntegerField(
        _("rank"), default=0, help_text=_("The higher, the sooner such partners are suggested.")
    )
    answer_days = models.PositiveSmallIntegerField(
        _("days to answer a forwarded lead"), default=3, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    protection_days = models.PositiveSmallIntegerField(
        _("days that a registered deal is protected"),
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )
    active = models.BooleanField(_("in use"), default=True)

    objects = RestrictedQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner level")
        verbose_name_plural = _("partner levels")
        ordering = ["-rank", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(answer_days__range=(1, 60), protection_days__range=(1, 730)),
                name="partner_level_days_are_sensible",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Partner(Record):
    """What an account is to us as a partner; one of them an account. Its owner is the partner manager."""

    class State(models.TextChoices):
        CANDIDATE = "candidate", _("Candidate")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        ENDED = "ended", _("Ended")

    prepared = ("name", "name_key")
    shown_by = ("name",)

    account = models.ForeignKey(Account, models.PROTECT, related_name="partnerships", verbose_name=_("account"))
    name = models.CharField(_("partner"), max_length=300, editable=False)
    name_key = models.CharField(max_length=300, editable=False)
    level = models.ForeignKey(
        PartnerLevel, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("partner level")
    )
    region = models.ForeignKey(
        "reference.Region",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
        help_text=_("What lies below it is meant, too."),
    )
    region2 = models.ForeignKey(
        "reference.Region", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("second region")
    )
    nationwide = models.BooleanField(_("everywhere"), default=False)
    state = ColouredField(_("state"), max_length=12, choices=State, colours=STATE_COLOURS, default=State.CANDIDATE)
    since = models.DateField(_("partner since"), null=True, blank=True)
    products = models.TextField(_("products"), blank=True)
    industries = models.TextField(_("industries served"), blank=True)
    commission_note = models.TextField(_("commission"), blank=True)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        indexes = [*scope_indexes("partner", name="name_key", created="created_at")]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=ALIVE,
                name="partner_is_an_account_once",
                violation_error_message=_("This account has a partner profile already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        names = dict(Account._base_manager.filter(pk__in={r.account_id for r in records}).values_list("pk", "name"))
        for record in records:
            record.name = names.get(record.account_id, "")[:300]
            record.name_key = pinyin_key(record.name)[:300]

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account]

    @property
    def answer_days(self) -> int:
        """How many days the partner has to answer."""
        return self.level.answer_days if self.level else 3

    @property
    def protection_days(self) -> int:
        """How many days a registered deal of the partner is protected."""
        return self.level.protection_days if self.level else 90
