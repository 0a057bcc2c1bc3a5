"""What papers of quotes may name: plain values, as the customer is to read them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.documents.printing import Values, paper
from crm.documents.verbs import offers_paper
from crm.entities.bound import bind
from crm.entities.entity import entity_of
from sales.catalogue.models import PricedDocument, PricedLine
from sales.catalogue.pricing import plain
from sales.catalogue.totals import reduction
from sales.quotes.models import Quote

LABEL = "quotes.quote"
MOST_LINES = 1000
LINE = "quotes.quoteline"
PRICED = ("name", "quantity", "unit_price", "discount_percent", "tax_rate", "total")
TOLD = (
    *((LABEL, name) for name in ("title", "account", "valid_until", "payment_terms", "terms", "total")),
    *((LINE, name) for name in PRICED),
)


def values_of(quote: Quote, user: Any) -> Values:
    """The values of a quote. ``user`` None is the customer. PermissionDenied for who may not know prices."""
    ask_fields(user, TOLD)
    lines = lines_of(quote)
    whole = sum((line.amount for line in lines if line.counts), Decimal(0))
    owner = quote.owner
    return {
        "quote": {
            "number": quote.number + (f" v{quote.revision}" if quote.revision > 1 else ""),
            "title": quote.title,
            "draft": quote.state in (Quote.State.DRAFT, Quote.State.APPROVING),
            "date": timezone.localtime(quote.sent_at or timezone.now()).date().isoformat(),
            "valid_until": quote.valid_until.isoformat() if quote.valid_until else "",
            "currency": quote.currency,
            "tax_included": quote.tax_included,
            "discounted": any(line.discount_percent for line in lines),
            "reduction": plain(reduction(quote, whole)),
            "net_total": plain(quote.net_total),
            "tax_total": plain(quote.tax_total),
            "total": plain(quote.total),
            "terms": _all_terms(quote),
        },
        "customer": told_of(quote.account, user, "name", "tax_id"),
        "contact": told_of(quote.contact, user, "name", "mobile"),
        "seller": {"name": owner.name or owner.username, "mobile": owner.mobile, "email": owner.email},
        "lines": [line_values(line) for line in lines],
    }


def ask_fields(user: Any, told: Iterable[tuple[str, str]]) -> None:
    """PermissionDenied where ``user`` (None: the customer) may not know one of the fields that a paper tells."""
    if user is not None and any(policy.field_mode(user, [step]) not in {None, policy.Mode.READ} for step in told):
        raise PermissionDenied(_("You may not know everything that the document tells."))


def told_of(record: Any, user: Any, *names: str) -> Values:
    """What a paper says of whom it names: as far as ``user`` (None: the customer) may know it, masked or nothing."""
    if record is None:
        return dict.fromkeys(names, "")
    if user is None:
        return {name: getattr(record, name) for name in names}
    known = bind(entity_of(record), user).texts([record], names)[record.pk]
    return {name: known.get(name, "") for name in names}


def lines_of(document: PricedDocument) -> list[Any]:
    """The lines of any document in their order. ValidationError for more than a paper holds."""
    rows = document.lines.filter(deleted_at__isnull=True).select_related("product")  # type: ignore[attr-defined]
    lines = list(rows.order_by("position", "pk")[: MOST_LINES + 1])
    if len(lines) > MOST_LINES:
        raise ValidationError(_("A document holds at most %(most)s lines.") % {"most": MOST_LINES})
    return lines


def _all_terms(quote: Quote) -> str:
    """How it is paid, then whatever else was agreed."""
    label = _("Payment terms")
    paid = f"{label}: {quote.payment_terms}" if quote.payment_terms else ""
    return "\n".join(filter(None, (paid, quote.terms)))


def line_values(line: PricedLine) -> Values:
    """What papers say of a line."""
    return {
        "name": line.name,
        "spec": line.product.spec if line.product else "",
        "note": line.note,
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "unit_price": plain(line.unit_price),
        "discount": plain(line.discount_percent),
        "tax_rate": plain(line.tax_rate),
        "amount": plain(line.amount),
        "counts": line.counts,
    }


def sample() -> Values:
    """A made-up quote."""
    rows = [
        ("立式多级离心泵", "CDLF32-80，Q=32 m³/h，H=122 m", "4", "台", "12800", "5", "13", "48640", True),
        ("变频控制柜", "一拖四，含触摸屏", "1", "套", "36500", "0", "13", "36500", True),
        ("安装与调试", "", "6", "人天", "1800", "0", "6", "10800", True),
        ("延保服务（两年）", "", "1", "项", "9600", "0", "6", "9600", False),
    ]
    names = ("name", "spec", "quantity", "unit", "unit_price", "discount", "tax_rate", "amount", "counts")
    return {
        "quote": {
            "number": "BJ2026000001", "title": "二期泵房改造", "draft": False, "date": "2026-11-22", "valid_until": "2026-12-22",
            "currency": "CNY", "tax_included": True, "discounted": True, "reduction": "940", "net_total": "84556.6",
            "tax_total": "10443.4", "total": "95000", "terms": "1. 合同签订后 30 天交货。\n2. 付款：30% 签约后 7 天，60% 验收，10% 质保 12 个月。",
        },
        "customer": {"name": "宁波远山机械有限公司", "tax_id": "91330200MA2XXXXX0X"},
        "contact": {"name": "王建国", "mobile": "13800000000"},
        "seller": {"name": "林晓", "mobile": "13900000000", "email": "lin@example.com"},
        "lines": [dict(zip(names, row, strict=True), note="") for row in rows],
    }  # fmt: skip


paper(LABEL, values_of, sample, Path(__file__).parent / "paper")
offers_paper(LABEL)
