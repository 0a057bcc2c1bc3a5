"""Orders that we place, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Via
from crm.fields.columns import ColouredField, MoneyField
from crm.records.indexes import ALIVE, scope_indexes
from crm.records.models import Record
from sales.catalogue.models import PricedDocument, PricedLine
from sales.models import Opportunity
from sales.orders.models import Order, OrderLine
from sales.purchasing.models.suppliers import Supplier


class PurchaseOrder(PricedDocument):
    """What we order from a supplier. From its approval on it stands; what came and was billed is worked out of facts."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVING = "approving", _("In approval")
        APPROVED = "approved", _("Approved")
        ORDERED = "ordered", _("Ordered")
        PARTIAL = "partial", _("Partly received")
        RECEIVED = "received", _("Received")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")

    COLOURS = {
        "draft": "slate", "approving": "amber", "approved": "blue", "ordered": "purple",
        "partial": "amber", "received": "green", "closed": "teal", "cancelled": "slate",
    }  # fmt: skip

    number_sequence = "sales.purchase"
    gap_free = ("number",)
    derived = (*PricedDocument.derived, "billed", "overbilled", "paid", "received_on")
    shown_by = ("number", "title")

    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=300, blank=True)
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="purchases", verbose_name=_("supplier"))
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="purchases", verbose_name=_("for the sales order")
    )
    opportunity = models.ForeignKey(
        Opportunity, models.PROTECT, null=True, blank=True, related_name="purchases", verbose_name=_("opportunity")
    )
    state = ColouredField(
        _("state"), max_length=12, choices=State, colours=COLOURS, default=State.DRAFT, editable=False
    )
    ordered_on = models.DateField(_("ordered on"), null=True, editable=False)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    received_on = models.DateField(_("received on"), null=True, editable=False)
    ship_to = models.TextField(_("delivery address"), blank=True)
    terms = models.TextField(_("terms"), blank=True)
    note = models.TextField(_("note for us"), blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, editable=False)
    billed = MoneyField(_("billed"), default=Decimal(0), editable=False)
    paid = MoneyField(_("paid"), default=Decimal(0), editable=False)
    # Somebody who may said that more than was ordered is billed.
    overbilled = models.BooleanField(_("billed above the order"), default=False, editable=False)

    class Meta:
        verbose_name = _("purchase order")
        verbose_name_plural = _("purchase orders")
        indexes = [
            *scope_indexes("purchase", created="created_at", total="total"),
            models.Index(fields=["state", "expected_on"], condition=ALIVE, name="purchase_expected"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                name="purchase_number_is_unique",
                violation_error_message=_("There is a purchase order with this number already."),
            ),
            models.CheckConstraint(
                condition=Q(discount_amount__gte=0) & Q(discount_percent__range=(0, 100)),
                name="purchase_reduction_is_not_negative",
                violation_error_message=_("A reduction can't be negative."),
            ),
            models.CheckConstraint(
                condition=Q(billed__gte=0) & (Q(billed__lte=F("total")) | Q(overbilled=True)),
                name="purchase_is_not_billed_twice",
                violation_error_message=_("More than was ordered can't be billed."),
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=0) & Q(paid__lte=F("billed")),
                name="purchase_is_not_paid_twice",
                violation_error_message=_("More than was billed can't be paid."),
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.number, self.title)))

    @property
    def unbilled(self) -> Decimal:
        """What of it is still to be billed."""
        return max(self.total - self.billed, Decimal(0))

    @property
    def is_late(self) -> bool:
        """Whether something of it should have come by now."""
        waiting = self.state in (self.State.ORDERED, self.State.PARTIAL)
        return waiting and self.expected_on is not None and self.expected_on < timezone.localdate()

    def timeline_subjects(self) -> list[models.Model]:
        return [record for record in (self, self.supplier, self.order) if record is not None]


class PurchaseOrderLine(PricedLine):
    """What is ordered, for which line of a sales order, and how much of it came."""

    access = Via("document")
    derived = (*PricedLine.derived, "received", "over")

    document = models.ForeignKey(PurchaseOrder, models.CASCADE, related_name="lines", verbose_name=_("purchase order"))
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, editable=False, related_name="purchased", verbose_name=_("order line")
    )
    received = models.DecimalField(_("received"), max_digits=14, decimal_places=4, default=Decimal(0), editable=False)
    # Somebody said that more than was ordered is right.
    over = models.BooleanField(_("more than ordered"), default=False, editable=False)

    class Meta(PricedLine.Meta):
        verbose_name = _("purchase order line")
        verbose_name_plural = _("purchase order lines")
        ordering = ["position", "id"]
        constraints = [
            *PricedLine.Meta.constraints,
            models.CheckConstraint(
                condition=Q(received__gte=0) & (Q(received__lte=F("quantity")) | Q(over=True)),
                name="purchase_line_receives_at_most_all",
                violation_error_message=_("More can't be received than was ordered."),
            ),
        ]

    @property
    def left(self) -> Decimal:
        """What is still to come."""
        return max(self.quantity - self.received, Decimal(0))


class GoodsReceipt(Record):
    """How much of a line came on a day; its owner received it. ``over`` says that more than was ordered is right."""

    access = Via("document")
    prepared = ("document",)
    shown_by = ("line", "received_on")

    document = models.ForeignKey(
        PurchaseOrder, models.CASCADE, editable=False, related_name="receipts", verbose_name=_("purchase order")
    )
    line = models.ForeignKey(
        PurchaseOrderLine, models.CASCADE, related_name="receipts", verbose_name=_("purchase order line")
    )
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4)
    received_on = models.DateField(_("received on"), default=timezone.localdate)
    over = models.BooleanField(_("more than ordered is right"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("goods receipt")
        verbose_name_plural = _("goods receipts")
        indexes = [
            models.Index(fields=["created_at", "id"], condition=ALIVE, name="goodsreceipt_created"),
            models.Index(fields=["deleted_at", "id"], condition=~ALIVE, name="goodsreceipt_trash"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="goods_receipt_quantity_is_positive",
                violation_error_message=_("The quantity must be more than nothing."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line} · {self.received_on}"

    def clean(self) -> None:
        if self.received_on and self.received_on > timezone.localdate() + timedelta(days=1):
            raise ValidationError({"received_on": gettext("What has come did not come in the future.")})

    @classmethod
    def prepare(cls, records: Sequence[Self]) -> None:
        ids = {record.line_id for record in records}
        known = dict(PurchaseOrderLine._base_manager.filter(pk__in=ids).values_list("pk", "document"))
        for record in records:
            record.document_id = known[record.line_id]

    def timeline_subjects(self) -> list[models.Model]:
        return [self, self.document]
