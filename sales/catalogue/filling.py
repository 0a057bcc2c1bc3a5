"""Products become rows of the editor: by search, by code, pasted from a spreadsheet, bundles unfolded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.query import find
from sales.catalogue.explaining import told
from sales.catalogue.models import BundleItem, PricedDocument, Product
from sales.catalogue.pricing import PriceFound, plain, resolve_prices
from sales.catalogue.rows import MOST, Row, new_row

PRODUCT = "catalogue.product"
Finder = Callable[[Any, Sequence[tuple[Product, Decimal]], Any], list[PriceFound]]
_finders: dict[type, Finder] = {}


def finds_prices(model: type[PricedDocument]) -> Callable[[Finder], Finder]:
    """Decorator: ``fn(document, asked, user)`` says the prices in documents of this model; ``user`` None may know all."""

    def add(fn: Finder) -> Finder:
        _finders[model] = fn
        return fn

    return add


def products_of(user: Any, ids: Iterable[int | None]) -> dict[int, Product]:
    """Those of the products that the user may see."""
    wanted = {pk for pk in ids if pk}
    rows = Product.objects.restrict(user).filter(pk__in=wanted).select_related("unit") if wanted else ()
    return {product.pk: product for product in rows}


def prices_for(
    document: PricedDocument, asked: Sequence[tuple[Product, Decimal]], user: Any = None
) -> list[PriceFound]:
    """The prices of products in a document: its customer's level, its book, its currency, today; or as its model finds them."""
    if finder := _finders.get(type(document)):
        return finder(document, asked, user)
    account = getattr(document, "account", None)
    return resolve_prices(
        asked,
        on=_day(document),
        level=getattr(account, "level", "") or "",
        currency=document.currency,
        book=getattr(document, "price_book", None),
        tax_included=document.tax_included,
    )


def _day(document: PricedDocument) -> date:
    return timezone.localdate()


def price_rows(document: PricedDocument, rows: Sequence[Row], user: Any, *, fill: Iterable[Row] = ()) -> None:
    """Say for each row with a product which price holds and why; ``fill`` are those that take it."""
    priced = [row for row in rows if row.product is not None]
    found = prices_for(
        document, [(row.product, row.number("quantity")) for row in priced if row.product is not None], user
    )
    filled = {id(row) for row in fill}
    for row, price in zip(priced, found, strict=True):
        row.found, row.reasons = price, told(price.steps, user)
        if id(row) in filled and price.price is not None and not row.values.get("unit_price", "").strip("0."):
            row.values["unit_price"] = plain(price.price)


def search_one(user: Any, text: str) -> Product | None:
    """The product of that code, else of that name, else the first that the words find."""
    text = text.strip()[:100]
    if not text:
        return None
    bound = bind(registry[PRODUCT], user)
    rows = bound.records().filter(active=True).select_related("unit")
    exact = rows.filter(Q(code__iexact=text) | Q(name__iexact=text)).order_by("pk").first()
    return exact or rows.filter(find(bound, text)).order_by("pk").first()


def rows_for(document: PricedDocument, product: Product, user: Any, quantity: Decimal = Decimal(1)) -> list[Row]:
    """The rows of a product. A bundle with a price of its own is one row that names its parts; else it is unfolded into them."""
    if product.kind != Product.Kind.BUNDLE:
        rows = [new_row(product, quantity=quantity)]
    else:
        rows = _unfold(product, user, quantity)
    price_rows(document, rows, user, fill=rows)
    return rows


def _unfold(bundle: Product, user: Any, quantity: Decimal) -> list[Row]:
    parts = list(
        BundleItem._base_manager.filter(bundle=bundle, deleted_at__isnull=True)
        .select_related("product__unit")
        .order_by("pk")
    )
    seen = products_of(user, [part.product_id for part in parts])
    parts = [part for part in parts if part.product_id in seen]
    if not parts:
        return [new_row(bundle, quantity=quantity)]
    if bundle.list_price is not None:
        names = "、".join(f"{part.product.name} × {plain(part.quantity)}" for part in parts)
        return [new_row(bundle, quantity=quantity, note=names[:500])]
    return [new_row(part.product, quantity=part.quantity * quantity, note=bundle.name[:500]) for part in parts[:MOST]]


def paste(document: PricedDocument, text: str, user: Any) -> list[Row]:
    """Rows from lines of a spreadsheet: code or name, quantity, price, discount, parted by tabs. What is no product of ours
    becomes a free line; a first line without any number is taken for headings."""
    cells = [[cell.strip() for cell in line.split("\t")] for line in text.replace("\r\n", "\n").split("\n")]
    cells = [row for row in cells if any(row)][: MOST + 1]
    if len(cells) > 1 and len(cells[0]) > 1 and all(_number(cell) is None for cell in cells[0][1:]):
        cells = cells[1:]
    known = _known(user, [row[0] for row in cells])
    rows = []
    for first, *rest in cells[:MOST]:
        product = known.get(first.casefold())
        values: dict[str, Any] = {} if product else {"name": first[:300]}
        for name, cell in zip(("quantity", "unit_price", "discount_percent"), rest, strict=False):
            number = _number(cell)
            if cell:
                values[name] = plain(number) if number is not None else cell[:40]
        rows.append(new_row(product, **values))
    price_rows(document, rows, user, fill=rows)
    return rows


def _known(user: Any, texts: Sequence[str]) -> dict[str, Product]:
    """The products of those codes or names: one query."""
    wanted = [text[:300] for text in texts if text]
    rows = Product.objects.restrict(user).filter(Q(code__in=wanted) | Q(name__in=wanted)).select_related("unit")
    found: dict[str, Product] = {}
    for product in rows.order_by("-pk"):
        found[product.name.casefold()] = product
    for product in rows.order_by("-pk"):
        if product.code:
            found[product.code.casefold()] = product
    return found


def _number(cell: str) -> Decimal | None:
    text = cell.replace(",", "").replace("，", "").strip().strip("¥￥$€%％")
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**14 else None
