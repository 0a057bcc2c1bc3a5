"""Keep the totals of documents equal to their lines, whichever door a line or a document is written through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from crm.records.hooks import WriteBatch, on_written
from sales.catalogue.arithmetic import ZERO, Amounts, document_amounts, line_amount
from sales.catalogue.models import PricedDocument, PricedLine

DECIDING = ("currency", "tax_included", "discount_percent", "discount_amount")
LINE_COLUMNS = ("net", "tax", "total")
COLUMNS = ("list_total", "net_total", "tax_total", "total")


@on_written
def follow_lines(batch: WriteBatch) -> None:
    """Add up anew the documents whose lines, or whose own terms, were written."""
    if issubclass(batch.model, PricedLine):
        whole = batch.model._meta.get_field("document").related_model
        if issubclass(whole, PricedDocument):
            rows = [*batch.after, *(row for row in batch.before if row is not None)]
            add_up(whole, {row.document_id for row in rows})
    elif issubclass(batch.model, PricedDocument):
        changed = {
            after.pk
            for before, after in zip(batch.before, batch.after, strict=True)
            if before is not None and any(getattr(before, name) != getattr(after, name) for name in DECIDING)
        }
        add_up(batch.model, changed)


def add_up(model: type[PricedDocument], ids: Iterable[int]) -> None:
    """Write the totals of documents and of their lines, where they differ from what is stored: three statements for any number."""
    documents = {d.pk: d for d in model._base_manager.select_for_update().filter(pk__in=ids).order_by("pk")}
    if not documents:
        return
    line_model = model._meta.get_field("lines").related_model
    lines: dict[int, list[PricedLine]] = defaultdict(list)
    found = line_model._base_manager.filter(document__in=documents, deleted_at__isnull=True)
    for line in found.order_by("position", "pk"):
        lines[line.document_id].append(line)
    moved = [d for d in documents.values() if _put(d, COLUMNS, _totals(d, lines[d.pk]))]
    shifted = [line for d in documents.values() for line in _shift(d, lines[d.pk])]
    if moved:
        model._base_manager.bulk_update(moved, COLUMNS, batch_size=500)
    if shifted:
        line_model._base_manager.bulk_update(shifted, LINE_COLUMNS, batch_size=500)


def reduction(document: PricedDocument, amount: Decimal) -> Decimal:
    """What is taken off the sum of the lines: the percentage, then the amount, at most everything."""
    percent = amount - line_amount(Decimal(1), amount, document.discount_percent, document.currency)
    return min(percent + document.discount_amount, amount)


def _amounts(document: PricedDocument, lines: list[PricedLine]) -> tuple[Amounts, list[Amounts]]:
    counted = [(line.amount, line.tax_rate) for line in lines if line.counts]
    taken = reduction(document, sum((amount for amount, _rate in counted), ZERO))
    return document_amounts(counted, taken, document.currency, included=document.tax_included)


def _totals(document: PricedDocument, lines: list[PricedLine]) -> tuple[Decimal, ...]:
    listed = sum(
        (
            line_amount(
                line.quantity, line.unit_price if line.list_price is None else line.list_price, ZERO, document.currency
            )
            for line in lines
            if line.counts
        ),
        ZERO,
    )
    whole, _each = _amounts(document, lines)
    return listed, whole.net, whole.tax, whole.total


def _shift(document: PricedDocument, lines: list[PricedLine]) -> list[PricedLine]:
    """The lines whose amounts differ from what is stored; what does not count is taxed by itself."""
    _whole, each = _amounts(document, lines)
    own = iter(each)
    alone = [
        next(own)
        if line.counts
        else document_amounts([(line.amount, line.tax_rate)], ZERO, document.currency, included=document.tax_included)[
            0
        ]
        for line in lines
    ]
    return [line for line, a in zip(lines, alone, strict=True) if _put(line, LINE_COLUMNS, (a.net, a.tax, a.total))]


def _put(row: PricedDocument | PricedLine, columns: tuple[str, ...], values: tuple[Decimal, ...]) -> bool:
    if tuple(getattr(row, name) for name in columns) == values:
        return False
    for name, value in zip(columns, values, strict=True):
        setattr(row, name, value)
    return True
