"""Lists that every business app draws on: currencies and rates, regions, industries, number sequences."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open
from crm.access.querysets import RestrictedQuerySet
from crm.lib.pinyin import pinyin_key
from crm.reference.calendars import SpecialDay, WorkingCalendar, WorkingHours  # noqa: F401 - found by Django here
from crm.reference.currencies import Currency
from crm.reference.tags import Tag  # noqa: F401 - found by Django here


class PinyinKeyField(models.CharField):
    """The pinyin of ``name``, by which the row sorts and is found; set by each way of saving but ``update``."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = pinyin_key(model_instance.name)[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value


class TreeQuerySet(RestrictedQuerySet):
    """Nodes of a tree whose ``path`` holds the ids from the root down ("/1/4/")."""

    def under(self, node: Node) -> TreeQuerySet:
        """The node and everything below it."""
        return self.filter(path__startswith=node.path)


class Node(models.Model):
    """A named place in a tree. ``path`` is kept by a trigger."""

    access = Open()
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=100)
    name_key = PinyinKeyField(max_length=300, editable=False)
    code = models.CharField(_("code"), max_length=20, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    path = models.CharField(max_length=500, editable=False, db_default="", db_index=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("in use"), default=True)
    aliases = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        verbose_name=_("other names"),
        help_text=_("By which imports recognise it, separated by commas."),
    )

    objects = TreeQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Industry(Node):
    """A branch of business. Not an entity: a list that admins keep in Django admin."""

    class Meta:
        verbose_name = _("industry")
        verbose_name_plural = _("industries")
        ordering = ["position", "name_key", "id"]
        constraints = [
            models.UniqueConstraint("name", "parent", name="industry_is_unique_in_parent", nulls_distinct=False)
        ]


class Region(Node):
    """An area, country, province or city. Not an entity: a list that admins keep in Django admin."""

    class Kind(models.TextChoices):
        COUNTRY = "country", _("Country")
        AREA = "area", _("Area")
        PROVINCE = "province", _("Province")
        CITY = "city", _("City")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CITY)

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["position", "name_key", "id"]
        constraints = [
            models.UniqueConstraint("name", "parent", name="region_is_unique_in_parent", nulls_distinct=False),
            models.UniqueConstraint("code", condition=~models.Q(code=""), name="region_code_is_unique"),
        ]


class RateQuerySet(RestrictedQuerySet):
    """Dated rates."""

    def rate_of(self, currency: str, day: date) -> Decimal | None:
        """Yuan for one unit of the currency on a day: the last rate up to then; None when there is none."""
        if currency == Currency.CNY:
            return Decimal(1)
        return self.filter(currency=currency, day__lte=day).order_by("-day").values_list("rate", flat=True).first()


class ExchangeRate(models.Model):
    """What one unit of a currency was worth in yuan from a day on. Not an entity: kept in Django admin."""

    access = Open()

    currency = models.CharField(_("currency"), max_length=3, choices=Currency)
    day = models.DateField(_("valid from"))
    rate = models.DecimalField(_("yuan for one unit"), max_digits=18, decimal_places=8)

    objects = RateQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        ordering = ["-day", "currency"]
        constraints = [
            models.UniqueConstraint(
                "currency",
                "day",
                name="rate_is_unique_per_day",
                violation_error_message=_("There is a rate for that day already."),
            ),
            models.CheckConstraint(
                condition=models.Q(rate__gt=0),
                name="rate_is_positive",
                violation_error_message=_("Enter a rate above zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day}: {self.rate}"


class NumberSequence(models.Model):
    """The numbers of one kind of document: prefix, period and the next count. Not an entity: kept in Django admin.

    Without gaps, documents of a kind wait for each other; others take theirs from a sequence of the database, which a
    trigger keeps beside the row: it never waits, never starts again, and a broken-off transaction leaves a gap.
    """

    access = Open()

    class Period(models.TextChoices):
        NEVER = "", _("Never")
        YEAR = "%Y", _("Each year")
        MONTH = "%Y%m", _("Each month")
        DAY = "%Y%m%d", _("Each day")

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    gap_free = models.BooleanField(
        _("without gaps"),
        default=True,
        help_text=_(
            "For contracts, orders, invoices and receipts. Others number faster and count on through the years."
        ),
    )
    prefix = models.CharField(_("prefix"), max_length=20, blank=True)
    period = models.CharField(
        _("starts again"),
        max_length=10,
        choices=Period,
        default=Period.YEAR,
        blank=True,
        help_text=_("The year, month or day stands behind the prefix."),
    )
    digits = models.PositiveSmallIntegerField(_("digits"), default=5)
    current_period = models.CharField(max_length=10, editable=False, blank=True)
    last = models.PositiveBigIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("number sequence")
        verbose_name_plural = _("number sequences")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(digits__range=(1, 12)),
                name="sequence_digits_are_sane",
                violation_error_message=_("Choose between 1 and 12 digits."),
            )
        ]

    def __str__(self) -> str:
        return self.name
