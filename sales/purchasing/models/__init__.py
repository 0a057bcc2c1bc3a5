"""What we buy, of whom, and what we owe for it."""

from sales.purchasing.models.bills import Bill, BillPayment
from sales.purchasing.models.orders import GoodsReceipt, PurchaseOrder, PurchaseOrderLine
from sales.purchasing.models.suppliers import Supplier, SupplierPrice, SupplierRating

__all__ = [
    "Bill",
    "BillPayment",
    "GoodsReceipt",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Supplier",
    "SupplierPrice",
    "SupplierRating",
]
