"""Products and services, alone or bundled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Open, Shared, Via
from crm.fields.columns import MoneyField, PercentField
from crm.lib.pinyin import pinyin_key
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency


class Unit(models.Model):
    """What a quantity counts: 台, 套, 人天. Not an entity: a list kept in Django admin."""

    access = Open()

    name = models.CharField(_("name"), max_length=50, unique=True)
    whole = models.BooleanField(_("only whole numbers"), default=False)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ProductCategory(models.Model):
    """A branch of the catalogue. Not an entity: a tree kept in Django admin."""

    access = Open()

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("above")
    )
    position = models.PositiveIntegerField(_("order"), default=10)

    class Meta:
        verbose_name = _("product category")
        verbose_name_plural = _("product categories")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                nulls_distinct=False,
                name="category_name_is_unique_in_its_branch",
                violation_error_message=_("There is a category of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def way(self) -> str:
        """The category and up to two above it: 设备 / 泵 / 离心泵."""
        above = [self.parent.parent, self.parent] if self.parent else [self.parent]
        return " / ".join(str(one) for one in (*above, self) if one is not None)

    def clean(self) -> None:
        """A category does not lie below itself."""
        place, seen = self.parent, {self.pk}
        while place is not None:
            if place.pk in seen:
                raise ValidationError({"parent": _("A category can't lie below itself.")})
            seen.add(place.pk)
            place = place.parent


class Product(Record):
    """Something we sell. Its prices are without discount; whether they include tax says the price book, else ``tax_included``."""

    access = Shared()

    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods")
        SERVICE = "service", _("Service")
        SUBSCRIPTION = "subscription", _("Subscription")
        BUNDLE = "bundle", _("Bundle")

    prepared = ("name_key",)
    shown_by = ("name", "code")

    name = models.CharField(_("name"), max_length=300)
    name_key = models.CharField(max_length=300, editable=False)
    code = models.CharField(_("product code"), max_length=60, blank=True)
    category = models.ForeignKey(
        ProductCategory, models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.GOODS)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("unit")
    )
    spec = models.CharField(_("specification"), max_length=300, blank=True)
    brand = models.CharField(_("brand"), max_length=100, blank=True)
    list_price = MoneyField(_("list price"), null=True, blank=True)
    floor_price = MoneyField(_("floor price"), null=True, blank=True, help_text=_("Below it, nobody sells unapproved."))
    cost = MoneyField(_("cost"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    tax_rate = PercentField(_("tax rate"), default=Decimal(13))
    tax_included = models.BooleanField(_("prices include tax"), default=True)
    months = models.PositiveSmallIntegerField(
        _("months of service"),
        null=True,
        blank=True,
        help_text=_("How long one unit runs: subscriptions and warranties."),
    )
    active = models.BooleanField(_("for sale"), default=True)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = scope_indexes("product", name="name_key", created="created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=ALIVE & ~Q(code=""),
                name="product_code_is_unique",
                violation_error_message=_("There is a product with this code already."),
            ),
            models.CheckConstraint(
                condition=Q(list_price__gte=0) & Q(floor_price__gte=0) & Q(cost__gte=0),
                name="product_prices_are_not_negative",
                violation_error_message=_("Prices can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(tax_rate__range=(0, 100)),
                name="product_tax_rate_is_a_percentage",
                violation_error_message=_("The tax rate lies between 0 and 100."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.name_key = pinyin_key(record.name)[:300]


class BundleItem(Record):
    """A product that comes with a bundle."""

    access = Via("bundle")

    bundle = models.ForeignKey(Product, models.CASCADE, related_name="items", verbose_name=_("bundle"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="in_bundles", verbose_name=_("product"))
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4, default=1)

    class Meta:
        verbose_name = _("part of a bundle")
        verbose_name_plural = _("parts of bundles")
        constraints = [
            models.UniqueConstraint(
                fields=["bundle", "product"],
                condition=ALIVE,
                name="bundle_names_a_product_once",
                violation_error_message=_("The bundle holds this product already."),
            ),
            models.CheckConstraint(
                condition=~Q(bundle=models.F("product")),
                name="bundle_does_not_hold_itself",
                violation_error_message=_("A bundle can't hold itself."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="bundle_quantity_is_positive",
                violation_error_message=_("The quantity must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bundle} · {self.product}"
