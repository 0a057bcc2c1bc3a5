"""What papers of purchase orders may name, and the paper itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone

from crm.documents.printing import Values, paper
from crm.documents.verbs import offers_paper
from sales.catalogue.pricing import plain
from sales.catalogue.totals import reduction
from sales.purchasing.models import PurchaseOrder
from sales.quotes.papers import PRICED, ask_fields, line_values, lines_of, told_of

LABEL = "purchasing.purchaseorder"
LINE = "purchasing.purchaseorderline"
TOLD = (
    *((LABEL, name) for name in ("title", "supplier", "expected_on", "ship_to", "terms", "total")),
    *((LINE, name) for name in PRICED),
    *(("purchasing.supplier", name) for name in ("payment_days", "monthly")),
)


def values_of(purchase: PurchaseOrder, user: Any) -> Values:
    """The values of a purchase order. PermissionDenied for who may not know prices."""
    ask_fields(user, TOLD)
    lines = lines_of(purchase)
    whole = sum((line.amount for line in lines), Decimal(0))
    supplier, owner = purchase.supplier, purchase.owner
    known = told_of(supplier, user, "name", "contact_name", "phone", "address", "tax_id")
    return {
        "purchase": {
            "number": purchase.number,
            "title": purchase.title,
            "date": (purchase.ordered_on or timezone.localdate()).isoformat(),
            "expected_on": purchase.expected_on.isoformat() if purchase.expected_on else "",
            "currency": purchase.currency,
            "tax_included": purchase.tax_included,
            "discounted": any(line.discount_percent for line in lines),
            "reduction": plain(reduction(purchase, whole)),
            "net_total": plain(purchase.net_total),
            "tax_total": plain(purchase.tax_total),
            "total": plain(purchase.total),
            "ship_to": purchase.ship_to,
            "terms": purchase.terms,
            "payment_days": supplier.payment_days,
            "monthly": supplier.monthly,
        },
        "supplier": known | {"contact": known["contact_name"]},
        "buyer": {"name": owner.name or owner.username, "mobile": owner.mobile, "email": owner.email},
        "lines": [line_values(line) for line in lines],
    }  # fmt: skip


def sample() -> Values:
    """A made-up purchase order."""
    rows = [
        ("立式多级离心泵", "CDLF32-80，Q=32 m³/h，H=122 m", "4", "台", "9800", "0", "13", "39200"),
        ("变频控制柜", "一拖四，含触摸屏", "1", "套", "27500", "0", "13", "27500"),
        ("不锈钢法兰", "DN100 PN16", "16", "片", "180", "0", "13", "2880"),
    ]
    names = ("name", "spec", "quantity", "unit", "unit_price", "discount", "tax_rate", "amount")
    return {
        "purchase": {
            "number": "CG2026000001", "title": "二期泵房改造", "date": "2026-11-22", "expected_on": "2026-12-12",
            "currency": "CNY", "tax_included": True, "discounted": False, "reduction": "0", "net_total": "61575.22",
            "tax_total": "8004.78", "total": "69580", "ship_to": "浙江省宁波市鄞州区科技路 88 号 2 号仓",
            "terms": "1. 到货验收合格后开具增值税专用发票。\n2. 质保期自验收之日起 12 个月。",
            "payment_days": 30, "monthly": True,
        },
        "supplier": {
            "name": "上海恒泽泵业有限公司", "contact": "赵立新", "phone": "13800000000",
            "address": "上海市松江区泗泾镇高技路 205 号", "tax_id": "91310117MA1XXXXX0X",
        },
        "buyer": {"name": "林晓", "mobile": "13900000000", "email": "lin@example.com"},
        "lines": [dict(zip(names, row, strict=True), note="") for row in rows],
    }  # fmt: skip


paper(LABEL, values_of, sample, Path(__file__).parent / "paper")
offers_paper(LABEL)
