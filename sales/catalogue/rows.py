"""The lines of a document as the editor holds them: what was typed, kept word for word until it is right."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict

from sales.catalogue.models import PricedLine, Product
from sales.catalogue.pricing import PriceFound, plain

TYPED = ("name", "quantity", "unit", "unit_price", "discount_percent", "tax_rate", "note")
NUMBERS = {"quantity": Decimal(1), "unit_price": Decimal(0), "discount_percent": Decimal(0), "tax_rate": Decimal(0)}
MOST = 500
LONGEST = 600


@dataclass
class Row:
    """One line in the editor. ``key`` names its inputs; ``pk`` and ``version`` say which record it is, if it is one already."""

    key: str
    pk: int | None = None
    version: int | None = None
    product_id: int | None = None
    values: dict[str, str] = field(default_factory=dict)
    optional: bool = False
    product: Product | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    theirs: PricedLine | None = None
    found: PriceFound | None = None
    reasons: list[str] = field(default_factory=list)
    amount: Decimal | None = None

    def number(self, name: str) -> Decimal:
        """What was typed as a number; the usual value for what is none."""
        try:
            found = Decimal(self.values.get(name, "").replace(",", "").replace("，", "").strip())
        except InvalidOperation:
            return NUMBERS[name]
        fits = (
            found.is_finite() and 0 <= found < 10**14 and (name not in {"discount_percent", "tax_rate"} or found <= 100)
        )
        return found if fits else NUMBERS[name]

    @property
    def offered(self) -> str:
        """Another price than the typed one that the books say for this quantity."""
        if self.found is None or self.found.price is None or self.found.price == self.number("unit_price"):
            return ""
        return plain(self.found.price)

    def posted(self, *, options: bool) -> dict[str, str]:
        """As the form of the line wants it."""
        data = {**self.values, "product": str(self.product_id or ""), "version": str(self.version or "")}
        return data | ({"optional": "on"} if options and self.optional else {})

    def stands_in(self, model: type[PricedLine], document: Any) -> PricedLine:
        """An unsaved line with what was typed, for adding up."""
        line = model(document=document, name=self.values.get("name", ""))
        for name in NUMBERS:
            setattr(line, name, self.number(name))
        line.quantity = line.quantity or NUMBERS["quantity"]
        if self.found is not None:
            line.list_price = self.found.list_price
        if hasattr(line, "optional"):
            line.optional = self.optional
        return line


def row_of(line: PricedLine) -> Row:
    """A saved line."""
    values = {name: _text(getattr(line, name)) for name in TYPED}
    return Row(
        f"l{line.pk}",
        line.pk,
        line.version,
        line.product_id,
        values,
        bool(getattr(line, "optional", False)),
        line.product,
    )


def new_row(product: Product | None = None, **values: Any) -> Row:
    """A line that is not saved yet."""
    start = {"name": "", "unit": "", "note": ""} | {name: plain(number) for name, number in NUMBERS.items()}
    start["tax_rate"] = plain(PricedLine._meta.get_field("tax_rate").default)
    if product is not None:
        unit = product.unit.name if product.unit else ""
        start |= {"name": product.name, "unit": unit, "tax_rate": plain(product.tax_rate)}
    given = {name: _text(value) for name, value in values.items()}
    return Row(f"n{secrets.token_hex(5)}", product_id=product and product.pk, product=product, values=start | given)


def read_rows(data: QueryDict) -> list[Row]:
    """The rows that were posted, in their order; what makes no sense is left out."""
    found: dict[str, Row] = {}
    for key in data.getlist("row")[:MOST]:
        if not (key.isascii() and key.isalnum() and len(key) < 40):
            continue
        values = {name: data.get(f"{key}-{name}", "")[:LONGEST].replace("\x00", "") for name in TYPED}
        found[key] = Row(
            key,
            _id(data.get(f"{key}-id", "")),
            _id(data.get(f"{key}-version", "")),
            _id(data.get(f"{key}-product", "")),
            values,
            bool(data.get(f"{key}-optional")),
        )
    return list(found.values())


def gone_rows(data: QueryDict) -> dict[int, int]:
    """The saved lines that were taken out: id → the version that was seen."""
    found = {}
    for text in data.getlist("gone")[:MOST]:
        pk, _colon, version = text.partition(":")
        if _id(pk) and _id(version):
            found[int(pk)] = int(version)
    return found


def with_products(rows: Iterable[Row], products: Mapping[int, Product]) -> None:
    """Give rows their products; one that its reader may not see is none."""
    for row in rows:
        row.product = products.get(row.product_id or 0)


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _text(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value or "")
