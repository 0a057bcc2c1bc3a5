"""Totals follow their lines; price books are based on each other without a circle."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.records.hooks import WriteBatch, before_write
from sales.catalogue import totals  # noqa: F401 - registers itself
from sales.catalogue.models import BundleItem, PriceBook, Product


@before_write
def keep_books_straight(batch: WriteBatch) -> None:
    """A price book is not based on itself, directly or through others."""
    if batch.model is not PriceBook:
        return
    moved = {book.pk: book.parent_id for book in batch.after if book.parent_id and book.pk}
    if not moved:
        return
    above = dict(PriceBook._base_manager.values_list("pk", "parent")) | moved
    for start in moved:
        seen, place = {start}, above.get(start)
        while place is not None:
            if place in seen:
                raise ValidationError({"parent": _("A price book can't be based on itself.")})
            seen.add(place)
            place = above.get(place)


@before_write
def keep_bundles_flat(batch: WriteBatch) -> None:
    """A bundle holds single products: it is unfolded once."""
    if batch.model is not BundleItem:
        return
    inner = {item.product_id for item in batch.after if item.deleted_at is None}
    if Product._base_manager.filter(pk__in=inner, kind=Product.Kind.BUNDLE).exists():
        raise ValidationError({"product": _("A bundle can't hold another bundle.")})
