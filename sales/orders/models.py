"""What is to be delivered, and what the customer has since."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.policy import Via
from crm.fields.columns import ColouredField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from customers.models import Account
from sales.catalogue.models import PricedDocument, PricedLine, Product
from sales.contracts.models import Contract
from sales.models import Opportunity


class Order(PricedDocument):
    """What a customer ordered: made of an approved contract, or entered by hand."""

    class State(models.TextChoices):
        CONFIRMED = "confirmed", _("Confirmed")
        FULFILLING = "fulfilling", _("Being delivered")
        DELIVERED = "delivered", pgettext_lazy("order", "Delivered")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")

    COLOURS = {"confirmed": "blue", "fulfilling": "amber", "delivered": "green", "closed": "teal", "cancelled": "slate"}

    number_sequence = "sales.order"
    gap_free = ("number",)
    shown_by = ("number", "title")

    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=300, blank=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="orders", verbose_name=_("account"))
    opportunity = models.ForeignKey(
        Opportunity, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("opportunity")
    )
    contract = models.ForeignKey(
        Contract, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("contract")
    )
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.CONFIRMED, editable=False
    )
    ordered_on = models.DateField(_("ordered on"), null=True, blank=True)
    deliver_by = models.DateField(_("deliver by"), null=True, blank=True)
    delivered_on = models.DateField(_("delivered on"), null=True, editable=False)
    delivery_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("delivered by"),
    )
    kick_off_on = models.DateField(_("kick-off"), null=True, editable=False)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, editable=False)
    ship_to = models.TextField(_("delivery address"), blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = pgettext_lazy("sale", "order")
        verbose_name_plural = pgettext_lazy("sale", "orders")
        indexes = [
            *scope_indexes("order", created="created_at", total="total"),
            models.Index(fields=["state", "deliver_by"], condition=ALIVE, name="order_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                name="order_number_is_unique",
                violation_error_message=_("There is an order with this number already."),
            ),
            models.CheckConstraint(
                condition=Q(discount_amount__gte=0) & Q(discount_percent__range=(0, 100)),
                name="order_reduction_is_not_negative",
                violation_error_message=_("A reduction can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.number, self.title)))

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.contract, self.opportunity, self.account) if record is not None]


class OrderLine(PricedLine):
    """What was ordered, and how much of it was delivered."""

    access = Via("document")

    document = models.ForeignKey(
        Order, models.CASCADE, related_name="lines", verbose_name=pgettext_lazy("sale", "order")
    )
    delivered = models.DecimalField(_("delivered"), max_digits=14, decimal_places=4, default=Decimal(0), editable=False)

    class Meta(PricedLine.Meta):
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["position", "id"]
        constraints = [
            *PricedLine.Meta.constraints,
            models.CheckConstraint(
                condition=Q(delivered__gte=0) & Q(delivered__lte=F("quantity")),
                name="order_line_delivers_at_most_all",
                violation_error_message=_("More can't be delivered than was ordered."),
            ),
        ]


class CustomerProduct(Record):
    """A product that a customer has: of an order, or known otherwise. With an end, it is a service period."""

    class State(models.TextChoices):
        ACTIVE = "active", _("In use")
        ENDED = "ended", _("Ended")

    shown_by = ("product",)

    account = models.ForeignKey(Account, models.PROTECT, related_name="products", verbose_name=_("account"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="customers", verbose_name=_("product"))
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4, default=1)
    serial = models.CharField(_("serial number"), max_length=100, blank=True)
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("service ends"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    order_line = models.ForeignKey(
        OrderLine,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="installed",
        verbose_name=_("order line"),
    )
    contract = models.ForeignKey(
        Contract, models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("contract")
    )
    renewal = models.ForeignKey(
        Opportunity, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("renewal")
    )
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("customer’s product")
        verbose_name_plural = _("customers’ products")
        indexes = [
            *scope_indexes("installed", created="created_at"),
            models.Index(fields=["until"], condition=ALIVE & Q(state="active"), name="installed_ends"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="installed_quantity_is_positive",
                violation_error_message=_("The quantity must be more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(since__isnull=True) | Q(until__isnull=True) | Q(since__lte=F("until")),
                name="installed_ends_after_it_begins",
                violation_error_message=_("It ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.account}"

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.account]
