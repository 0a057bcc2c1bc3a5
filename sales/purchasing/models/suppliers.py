"""Suppliers, what they ask for our products, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Shared, Via
from crm.fields.columns import ColouredField, PercentField, PhoneField
from crm.lib.pinyin import pinyin_key
from crm.lib.spans import later
from crm.lib.uscc import is_mistyped_code
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from crm.reference.currencies import Currency
from customers.models import Account
from sales.catalogue.models import Product, ProductCategory

DATES_FIT = Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to"))


def fits_tax_id(text: str) -> None:
    """A unified social credit code has the right check character; tax numbers of other kinds and countries pass."""
    if is_mistyped_code(text):
        raise ValidationError(gettext("This credit code holds a typing mistake: its check character does not fit."))


class Supplier(Record):
    """Somebody we buy from. ``rating`` and ``on_time`` are worked out of ratings and receipts."""

    class State(models.TextChoices):
        TRIAL = "trial", _("On trial")
        ACTIVE = "active", _("In use")
        PAUSED = "paused", _("Paused")
        BLOCKED = "blocked", _("Blocked")

    COLOURS = {"trial": "blue", "active": "green", "paused": "amber", "blocked": "red"}

    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods")
        SERVICE = "service", _("Services")
        OUTSOURCING = "outsourcing", _("Outsourcing")
        LOGISTICS = "logistics", _("Logistics")
        OTHER = "other", _("Other")

    access = Shared()
    derived = ("rating", "on_time")
    prepared = ("name_key",)
    shown_by = ("name",)

    name = models.CharField(_("name"), max_length=300)
    name_key = models.CharField(max_length=300, editable=False)
    code = models.CharField(_("supplier code"), max_length=60, blank=True)
    tax_id = models.CharField(_("tax id"), max_length=40, blank=True, validators=[fits_tax_id])
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.GOODS)
    category = models.ForeignKey(
        ProductCategory, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    state = ColouredField(_("state"), max_length=10, choices=State, colours=COLOURS, default=State.ACTIVE)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="suppliers", verbose_name=_("account"),
        help_text=_("Where the supplier is a customer or partner, too."),
    )  # fmt: skip
    contact_name = models.CharField(_("contact person"), max_length=100, blank=True)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.CharField(_("address"), max_length=500, blank=True)
    bank = models.CharField(_("bank"), max_length=200, blank=True)
    bank_account = models.CharField(_("bank account"), max_length=60, blank=True)
    payment_days = models.PositiveSmallIntegerField(_("days to pay"), default=30)
    monthly = models.BooleanField(
        _("paid by the month"), default=False, help_text=_("The days count from the end of the month of the bill.")
    )
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    rating = models.DecimalField(_("overall rating"), max_digits=3, decimal_places=1, null=True, editable=False)
    on_time = PercentField(_("delivered on time"), null=True, editable=False)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        indexes = scope_indexes("supplier", created="created_at", name="name_key")
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=ALIVE & ~Q(code=""),
                name="supplier_code_is_unique",
                violation_error_message=_("There is a supplier with this code already."),
            ),
            models.UniqueConstraint(
                fields=["tax_id"],
                condition=ALIVE & ~Q(tax_id=""),
                name="supplier_tax_id_is_unique",
                violation_error_message=_("There is a supplier with this tax id already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.name_key = pinyin_key(record.name)[:300]

    def due_on(self, billed_on: date) -> date:
        """When a bill of this day is due by the supplier's terms."""
        start = later(billed_on.replace(day=1), 1) - timedelta(days=1) if self.monthly else billed_on
        return start + timedelta(days=self.payment_days)


class SupplierPrice(Record):
    """What a supplier asks for one unit of a product, from a quantity on and for a time."""

    access = Via("supplier")
    shown_by = ("product", "supplier")

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="prices", verbose_name=_("supplier"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="supplier_prices", verbose_name=_("product"))
    code = models.CharField(_("supplier’s product code"), max_length=60, blank=True)
    price = models.DecimalField(_("purchase price"), max_digits=18, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    tax_included = models.BooleanField(_("prices include tax"), default=True)
    min_quantity = models.DecimalField(_("from a quantity of"), max_digits=14, decimal_places=4, default=1)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    lead_days = models.PositiveSmallIntegerField(_("days to deliver"), null=True, blank=True)

    class Meta:
        verbose_name = _("supplier price")
        verbose_name_plural = _("supplier prices")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="supplierprice_created"),
            models.Index(fields=["deleted_at", "id"], condition=~ALIVE, name="supplierprice_trash"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "product", "currency", "min_quantity", "valid_from"],
                condition=ALIVE,
                nulls_distinct=False,
                name="supplier_price_is_said_once",
                violation_error_message=_("The supplier has a price for this product, quantity and day already."),
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="supplier_price_is_not_negative",
                violation_error_message=_("Prices can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(min_quantity__gt=0),
                name="supplier_price_quantity_is_positive",
                violation_error_message=_("The quantity must be more than nothing."),
            ),
            models.CheckConstraint(
                condition=DATES_FIT,
                name="supplier_price_ends_after_it_begins",
                violation_error_message=_("It ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.supplier}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.supplier]


class Stars(models.IntegerChoices):
    """How good something was."""

    ONE = 1, "★"
    TWO = 2, "★★"
    THREE = 3, "★★★"
    FOUR = 4, "★★★★"
    FIVE = 5, "★★★★★"


WEEK = timedelta(days=7)


class SupplierRating(Record):
    """What somebody thinks of a supplier. ``delivery`` is worked out of the rated order: five in time, one less each week late."""

    access = Via("supplier")
    prepared = ("delivery", "score")
    shown_by = ("supplier", "rated_on")

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="ratings", verbose_name=_("supplier"))
    purchase = models.ForeignKey(
        "purchasing.PurchaseOrder", models.PROTECT, null=True, blank=True, related_name="ratings",
        verbose_name=_("purchase order"),
    )  # fmt: skip
    rated_on = models.DateField(_("rated on"), default=timezone.localdate)
    quality = models.PositiveSmallIntegerField(_("quality"), choices=Stars)
    price = models.PositiveSmallIntegerField(_("price level"), choices=Stars)
    service = models.PositiveSmallIntegerField(_("service"), choices=Stars)
    delivery = models.PositiveSmallIntegerField(_("delivery in time"), choices=Stars, null=True, editable=False)
    score = models.DecimalField(_("overall"), max_digits=3, decimal_places=1, editable=False)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("supplier rating")
        verbose_name_plural = _("supplier ratings")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="supplierrating_created"),
            models.Index(fields=["deleted_at", "id"], condition=~ALIVE, name="supplierrating_trash"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} · {self.rated_on}"

    def clean(self) -> None:
        if self.purchase is not None and self.purchase.supplier_id != self.supplier_id:
            raise ValidationError({"purchase": gettext("This order was placed with another supplier.")})

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        for record in records:
            record.delivery = delivered(record.purchase) if record.purchase is not None else None
            known = [one for one in (record.quality, record.price, record.service, record.delivery) if one]
            mean = Decimal(sum(known)) / max(len(known), 1)
            record.score = mean.quantize(Decimal("0.1"), ROUND_HALF_UP)

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.supplier]


def delivered(purchase: models.Model) -> int | None:
    """How well an order kept its day; None as long as nobody knows."""
    if purchase.expected_on is None or purchase.received_on is None:
        return None
    late = max(purchase.received_on - purchase.expected_on, timedelta(0))
    return max(1, 5 - -(-late // WEEK))
