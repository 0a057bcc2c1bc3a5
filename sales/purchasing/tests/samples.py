"""What records of purchasing need before a test that holds for every entity can save one."""

from __future__ import annotations

from decimal import Decimal

from crm.entities.testing import readies
from crm.records import services as records
from crm.records.actor import Actor
from sales.purchasing.factories import place
from sales.purchasing.models import Bill, BillPayment, GoodsReceipt, PurchaseOrder, PurchaseOrderLine

SYSTEM = Actor(None, "test")


def _placed(purchase: PurchaseOrder) -> None:
    purchase.refresh_from_db()
    if purchase.state == PurchaseOrder.State.DRAFT:
        line = PurchaseOrderLine(
            document=purchase, owner=purchase.owner, unit_price=Decimal(10**9), quantity=Decimal(9)
        )
        records.save(line, actor=SYSTEM)
        place(PurchaseOrder.objects.get(pk=purchase.pk))


@readies("purchasing.goodsreceipt")
def coming(receipt: GoodsReceipt) -> None:
    """Goods come of what was ordered."""
    _placed(receipt.line.document)
    receipt.over = True


@readies("purchasing.bill")
def billable(bill: Bill) -> None:
    """A bill is of what was ordered, and no more than that."""
    _placed(bill.purchase)


@readies("purchasing.billpayment")
def payable(payment: BillPayment) -> None:
    """No more than the bill."""
    payment.bill.refresh_from_db()
    if payment.amount > payment.bill.open_amount:
        payment.amount = (payment.bill.open_amount / 3).quantize(Decimal("0.01"))
