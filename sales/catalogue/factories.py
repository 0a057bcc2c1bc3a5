"""Products, price books and prices for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import some_user
from sales.catalogue.models import BundleItem, Price, PriceBook, Product, ProductCategory, Unit

_numbers = count(1)


def make_unit(name: str = "台") -> Unit:
    """The unit of that name."""
    return Unit.objects.get_or_create(name=name)[0]


def make_category(name: str = "设备", parent: ProductCategory | None = None) -> ProductCategory:
    """The category of that name in its branch."""
    return ProductCategory.objects.get_or_create(name=name, parent=parent)[0]


def make_product(**values: Any) -> Product:
    """A saved product for 1,000 a piece, unless told otherwise."""
    number = next(_numbers)
    values["owner"] = some_user(values.get("owner"))
    product = Product(**{"name": f"离心泵{number}", "code": f"P-{number:05}", "list_price": Decimal(1000), **values})
    return _saved(product)


def make_book(**values: Any) -> PriceBook:
    """A saved price book."""
    values["owner"] = some_user(values.get("owner"))
    return _saved(PriceBook(**{"name": f"价格表{next(_numbers)}", **values}))


def make_price(book: PriceBook, product: Product, price: Any, **values: Any) -> Price:
    """A saved price of a product in a book."""
    return _saved(Price(book=book, product=product, price=Decimal(str(price)), owner=book.owner, **values))


def make_part(bundle: Product, product: Product, quantity: Any = 1) -> BundleItem:
    """A product as a part of a bundle."""
    return _saved(BundleItem(bundle=bundle, product=product, quantity=Decimal(str(quantity)), owner=bundle.owner))


def _saved(record: Any) -> Any:
    records.save(record, actor=Actor(record.owner, "factory"))
    return record
