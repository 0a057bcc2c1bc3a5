"""Price books, the prices in them, and how far one may go below."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.access.models import Role
from crm.access.policy import Shared, Via
from crm.fields.columns import PercentField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.models import Account
from sales.catalogue.models.products import Product, ProductCategory

DATES_FIT = Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to"))


class PriceBook(Record):
    """Prices for some customers at some time. What it does not name comes from its ``parent``, less ``discount`` percent."""

    access = Shared()
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("based on")
    )
    discount = PercentField(_("discount on what it is based on"), default=0)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    tax_included = models.BooleanField(_("prices include tax"), default=True)
    level = models.CharField(
        _("for customers of level"), max_length=10, choices=Account.Level, blank=True, help_text=_("Empty: for all.")
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=10, help_text=_("Of several that fit, the highest counts.")
    )
    active = models.BooleanField(_("in use"), default=True)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("price book")
        verbose_name_plural = _("price books")
        indexes = scope_indexes("pricebook", created="created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=ALIVE,
                name="price_book_name_is_unique",
                violation_error_message=_("There is a price book of that name already."),
            ),
            models.CheckConstraint(
                condition=DATES_FIT,
                name="price_book_ends_after_it_begins",
                violation_error_message=_("It ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Price(Record):
    """The price of a product in a price book, from a quantity on and in a time."""

    access = Via("book")

    book = models.ForeignKey(PriceBook, models.CASCADE, related_name="prices", verbose_name=_("price book"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", verbose_name=_("product"))
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=4)
    min_quantity = models.DecimalField(_("from quantity"), max_digits=14, decimal_places=4, default=1)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        indexes = [models.Index(fields=["product", "book"], condition=ALIVE, name="price_of_product")]
        constraints = [
            models.UniqueConstraint(
                fields=["book", "product", "min_quantity", "valid_from"],
                nulls_distinct=False,
                condition=ALIVE,
                name="price_is_said_once",
                violation_error_message=_("The price book says this price already."),
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0) & Q(min_quantity__gt=0),
                name="price_is_not_negative",
                violation_error_message=_("Prices can't be negative."),
            ),
            models.CheckConstraint(
                condition=DATES_FIT,
                name="price_ends_after_it_begins",
                violation_error_message=_("It ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.book}"


class DiscountPolicy(models.Model):
    """How much discount somebody may give without asking. Not an entity: a rule kept in Django admin."""

    role = models.ForeignKey(
        Role,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("role"),
        help_text=_("Empty: everybody."),
    )
    category = models.ForeignKey(
        ProductCategory, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category"),
        help_text=_("Empty: all products."),
    )  # fmt: skip
    max_discount = PercentField(_("discount up to"), default=0)
    min_margin = PercentField(_("margin at least"), null=True, blank=True)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("discount policy")
        verbose_name_plural = _("discount policies")
        ordering = ["role__name", "category__name", "id"]

    def __str__(self) -> str:
        whom = self.role or _("Everybody")
        return f"{whom} · {self.max_discount} %"
