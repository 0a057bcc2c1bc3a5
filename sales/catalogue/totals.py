"""Keep the totals of documents equal to their lines, whichever door a line or a document is written through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.lib.money import LIMIT, round_money
from crm.records.hooks import WriteBatch, on_written
from sales.catalogue.arithmetic import ZERO, document_amounts, line_amount, taxed
from sales.catalogue.models import PricedDocument, PricedLine

DECIDING = ("currency", "tax_included", "discount_percent", "discount_amount")
LINE_COLUMNS = ("amount", "net", "tax", "total")
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
    """Write the totals of documents and of their lines, where they differ from what is stored: three statements for any number.

    ValidationError where a document comes to more than the books can hold.
    """
    documents = {d.pk: d for d in model._base_manager.select_for_update().filter(pk__in=ids).order_by("pk")}
    if not documents:
        return
    line_model = model._meta.get_field("lines").related_model
    lines: dict[int, list[PricedLine]] = defaultdict(list)
    found = line_model._base_manager.filter(document__in=documents, deleted_at__isnull=True)
    for line in found.order_by("position", "pk"):
        lines[line.document_id].append(line)
    moved: list[PricedDocument] = []
    shifted: list[PricedLine] = []
    for document in documents.values():
        own = lines[document.pk]
        whole, each = added_up(document, own)
        moved += [document] if _put(document, COLUMNS, whole) else []
        shifted += [line for line, values in zip(own, each, strict=True) if _put(line, LINE_COLUMNS, values)]
    if moved:
        model._base_manager.bulk_update(moved, COLUMNS, batch_size=500)
    if shifted:
        line_model._base_manager.bulk_update(shifted, LINE_COLUMNS, batch_size=500)


def added_up(
    document: PricedDocument, lines: Sequence[PricedLine]
) -> tuple[tuple[Decimal, ...], list[tuple[Decimal, ...]]]:
    """(list total, net, tax, total) of a document, and (amount, net, tax, total) of each line, saved or not. Touches nothing.

    What does not count is taxed by itself. ValidationError where it comes to more than the books can hold.
    """
    try:
        return _added_up(document, lines)
    except ValueError:
        raise ValidationError(_("The amounts are too large.")) from None


def _added_up(
    document: PricedDocument, lines: Sequence[PricedLine]
) -> tuple[tuple[Decimal, ...], list[tuple[Decimal, ...]]]:
    currency, included = document.currency, document.tax_included
    amounts = [line_amount(line.quantity, line.unit_price, line.discount_percent, currency) for line in lines]
    counted = [(a, line.tax_rate) for a, line in zip(amounts, lines, strict=True) if line.counts]
    taken = reduction(document, sum((amount for amount, _rate in counted), ZERO))
    whole, shares = document_amounts(counted, taken, currency, included=included)
    own = iter(shares)
    each = [
        next(own) if line.counts else taxed(amount, line.tax_rate, currency, included=included)
        for amount, line in zip(amounts, lines, strict=True)
    ]
    listed = sum((at_list(line, currency) for line in lines if line.counts), ZERO)
    if max([whole.total, listed, *amounts, *(one.total for one in each)]) >= LIMIT:
        raise ValueError(whole.total)
    values = [(amount, one.net, one.tax, one.total) for amount, one in zip(amounts, each, strict=True)]
    return (listed, whole.net, whole.tax, whole.total), values


def at_list(line: PricedLine, currency: str) -> Decimal:
    """What a line would come to without any discount."""
    price = line.unit_price if line.list_price is None else line.list_price
    return line_amount(line.quantity, price, ZERO, currency)


def reduction(document: PricedDocument, amount: Decimal) -> Decimal:
    """What is taken off the sum of the lines: the percentage, then the amount, at most everything; of a credit note nothing."""
    if amount <= 0:
        return ZERO
    percent = amount - line_amount(Decimal(1), amount, Decimal(document.discount_percent), document.currency)
    return min(percent + round_money(Decimal(document.discount_amount), document.currency), amount)


def _put(row: PricedDocument | PricedLine, columns: tuple[str, ...], values: tuple[Decimal, ...]) -> bool:
    if tuple(getattr(row, name) for name in columns) == values:
        return False
    for name, value in zip(columns, values, strict=True):
        setattr(row, name, value)
    return True
