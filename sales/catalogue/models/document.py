"""What every document with priced lines has: quotes, contracts, orders, purchases, invoices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.fields.columns import MoneyField, PercentField
from crm.lib.money import LIMIT
from crm.records.models import Record
from crm.reference.currencies import Currency
from sales.catalogue.arithmetic import line_amount
from sales.catalogue.models.products import Product


class PricedDocument(Record):
    """``net_total`` + ``tax_total`` = ``total``, kept up to date by ``sales.catalogue.totals`` whenever a line is written."""

    derived = ("list_total", "net_total", "tax_total", "total")

    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    tax_included = models.BooleanField(_("prices include tax"), default=True)
    discount_percent = PercentField(_("discount on the whole"), default=0)
    discount_amount = MoneyField(_("reduction on the whole"), default=0, help_text=_("Taken off after the percentage."))
    list_total = MoneyField(_("at list prices"), default=0, editable=False)
    net_total = MoneyField(_("without tax"), default=0, editable=False)
    tax_total = MoneyField(_("tax"), default=0, editable=False)
    total = MoneyField(_("total"), default=0, editable=False)

    class Meta:
        abstract = True


class PricedLine(Record):
    """A line of a document: subclass it with a link ``document`` to the whole. ``amount`` is before the discount on the whole."""

    derived = ("net", "tax", "total")
    prepared = ("amount",)

    position = models.PositiveIntegerField(_("order"), default=10)
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    name = models.CharField(_("description"), max_length=300, blank=True)
    unit = models.CharField(_("unit"), max_length=50, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4, default=1)
    list_price = models.DecimalField(_("list price"), max_digits=18, decimal_places=4, null=True, blank=True)
    unit_price = models.DecimalField(_("unit price"), max_digits=18, decimal_places=4, default=0)
    discount_percent = PercentField(_("discount"), default=0)
    tax_rate = PercentField(_("tax rate"), default=Decimal(13))
    amount = MoneyField(_("amount"), default=0, editable=False)
    net = MoneyField(_("without tax"), default=0, editable=False)
    tax = MoneyField(_("tax"), default=0, editable=False)
    total = MoneyField(_("total"), default=0, editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="%(class)s_quantity_is_positive",
                violation_error_message=_("The quantity must be more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0),
                name="%(class)s_price_is_not_negative",
                violation_error_message=_("Prices can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        unnamed = {r.product_id for r in records if r.product_id and not r.name}
        products = Product.objects.select_related("unit").in_bulk(unnamed) if unnamed else {}
        currencies = cls._currencies(records)
        for record in records:
            if product := products.get(record.product_id):
                record.name = product.name
                record.unit = record.unit or (product.unit.name if product.unit else "")
            record.amount = record._amount_in(currencies[record.document_id])

    def _amount_in(self, currency: str) -> Decimal:
        """Quantity × price less discount; ValidationError where no column can hold it."""
        try:
            found = line_amount(
                Decimal(self.quantity), Decimal(self.unit_price), Decimal(self.discount_percent), currency
            )
        except ValueError:
            found = LIMIT
        if found >= LIMIT:
            raise ValidationError({"quantity": gettext("The amount is too large.")})
        return found

    @classmethod
    def _currencies(cls, records: Sequence[Self]) -> dict[int, str]:
        """The currency of each document that the lines belong to."""
        known = {r.document_id: r.document.currency for r in records if r._state.fields_cache.get("document")}
        documents = cls._meta.get_field("document").related_model._base_manager
        wanted = {record.document_id for record in records} - known.keys()
        return known | (dict(documents.filter(pk__in=wanted).values_list("pk", "currency")) if wanted else {})

    @property
    def counts(self) -> bool:
        """Whether it is part of the totals."""
        return True

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.document]
