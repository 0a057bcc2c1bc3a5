"""Which price holds: one resolver for every document, that says how it came to its answer.

The book that counts is the given one, else of those in use on the day and meant for the customer's level the one of the
highest priority. What a book does not name comes from the book it is based on, less its discount; at the end of the chain
stand the list prices. A price in another currency is converted at the last rate up to the day; it is rounded once, at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from crm.lib.money import round_money
from crm.reference.currencies import Currency
from crm.reference.models import ExchangeRate
from sales.catalogue.arithmetic import HUNDRED, ZERO
from sales.catalogue.models import Price, PriceBook, Product

LONGEST_CHAIN = 20
Step = dict[str, Any]


@dataclass(frozen=True)
class PriceFound:
    """A price of one unit, before discounts; None where nothing says one. ``floor`` and ``list_price`` are in the same terms.

    ``steps`` are plain data, to be kept with a line and told by ``crm``'s languages later: see ``explaining.told``.
    """

    price: Decimal | None
    tax_included: bool
    currency: str
    book: PriceBook | None = None
    list_price: Decimal | None = None
    floor: Decimal | None = None
    steps: tuple[Step, ...] = ()

    @property
    def below_floor(self) -> bool:
        """Whether the books themselves go below what nobody sells for unapproved."""
        return self.price is not None and self.floor is not None and self.price < self.floor


@dataclass
class PriceList:
    """Everything that prices of some products on a day are read from: four queries for any number of lines."""

    on: date
    currency: str
    tax_included: bool
    candidates: list[PriceBook]
    books: dict[int, PriceBook]
    prices: dict[tuple[int, int], list[Price]]
    rates: dict[str, tuple[Decimal, date]]
    chosen: PriceBook | None = None
    left_out: Step | None = field(default=None)

    def find(self, product: Product, quantity: Decimal) -> PriceFound:
        """The price of a product in a quantity."""
        steps: list[Step] = [self.left_out] if self.left_out else []
        for book in self.candidates:
            own: list[Step] = [{"step": "book", "book": book.name, "why": self._why(book)}]
            exact = self._from_book(book, product, quantity, own)
            if exact is not None:
                return self._done(product, book, exact, book.currency, book.tax_included, [*steps, *own])
        if product.list_price is None:
            return self._done(product, None, None, product.currency, product.tax_included, [*steps, {"step": "none"}])
        steps.append({"step": "list", "price": plain(product.list_price), "currency": product.currency})
        return self._done(product, None, product.list_price, product.currency, product.tax_included, steps)

    def _why(self, book: PriceBook) -> str:
        if self.chosen is not None and book.pk == self.chosen.pk:
            return "chosen"
        return "level" if book.level else "all"

    def _from_book(self, book: PriceBook, product: Product, quantity: Decimal, steps: list[Step]) -> Decimal | None:
        """The exact price in the book's own currency and tax terms; None where its chain says nothing of the product."""
        factor, chain = Decimal(1), self._chain(book)
        for place in chain:
            if row := self._row(place, product, quantity):
                steps.append(_band(place, row))
                exact = self._between(row.price, place, book, product)
                return None if exact is None else exact * factor
            if place.discount:
                factor *= (HUNDRED - place.discount) / HUNDRED
                base = self.books[place.parent_id].name if place.parent_id in self.books else ""
                steps.append({"step": "less", "percent": plain(place.discount), "base": base})
        if factor == 1 or product.list_price is None:
            return None
        steps.append({"step": "list", "price": plain(product.list_price), "currency": product.currency})
        terms = PriceBook(currency=product.currency, tax_included=product.tax_included)
        exact = self._between(product.list_price, terms, book, product)
        return None if exact is None else exact * factor

    def _chain(self, book: PriceBook) -> list[PriceBook]:
        found = [book]
        while (above := self.books.get(found[-1].parent_id or 0)) and above not in found and len(found) < LONGEST_CHAIN:
            found.append(above)
        return found

    def _row(self, book: PriceBook, product: Product, quantity: Decimal) -> Price | None:
        """The largest quantity that is reached counts; of two for the same quantity, the one that began last."""
        reached = [row for row in self.prices.get((book.pk, product.pk), ()) if row.min_quantity <= quantity]
        return max(reached, key=lambda row: (row.min_quantity, row.valid_from or date.min, row.pk), default=None)

    def _between(self, amount: Decimal, source: PriceBook, to: PriceBook, product: Product) -> Decimal | None:
        """An amount of one book in the currency and tax terms of another; unrounded."""
        return self._in_terms(amount, source.currency, source.tax_included, to.currency, to.tax_included, product)

    def _in_terms(
        self, amount: Decimal, currency: str, taxed: bool, to: str, to_taxed: bool, product: Product
    ) -> Decimal | None:
        if currency != to:
            if currency not in self.rates or to not in self.rates:
                return None
            amount = amount * self.rates[currency][0] / self.rates[to][0]
        if taxed and not to_taxed:
            return amount * HUNDRED / (HUNDRED + product.tax_rate)
        return amount * (HUNDRED + product.tax_rate) / HUNDRED if to_taxed and not taxed else amount

    def _done(
        self,
        product: Product,
        book: PriceBook | None,
        exact: Decimal | None,
        currency: str,
        taxed: bool,
        steps: list[Step],
    ) -> PriceFound:
        price = None
        if exact is not None:
            worked_out = any(step["step"] == "less" for step in steps)
            price = self._asked(exact, currency, taxed, product, stated=not worked_out)
            steps += self._told_terms(currency, taxed, product, price)
        own = product.currency, product.tax_included
        floor = None if product.floor_price is None else self._asked(product.floor_price, *own, product)
        listed = None if product.list_price is None else self._asked(product.list_price, *own, product)
        if price is not None and floor is not None and price < floor:
            steps.append({"step": "floor", "floor": plain(floor), "currency": self.currency})
        return PriceFound(price, self.tax_included, self.currency, book, listed, floor, tuple(steps))

    def _asked(
        self, amount: Decimal, currency: str, taxed: bool, product: Product, *, stated: bool = True
    ) -> Decimal | None:
        """In the terms of the document. What needs no working out keeps its four places, the rest is rounded as money."""
        found = self._in_terms(amount, currency, taxed, self.currency, self.tax_included, product)
        if found is None or (stated and found == amount):
            return found
        return round_money(found, self.currency)

    def _told_terms(self, currency: str, taxed: bool, product: Product, price: Decimal | None) -> list[Step]:
        steps: list[Step] = []
        if currency != self.currency:
            if price is None:
                return [{"step": "no_rate", "from": currency, "to": self.currency, "day": self.on.isoformat()}]
            rates = [self.rates[code] for code in (currency, self.currency)]
            day = max(day for code, (_rate, day) in zip((currency, self.currency), rates, strict=True) if code != "CNY")
            rate = (rates[0][0] / rates[1][0]).quantize(Decimal("0.000001"))
            steps.append(
                {"step": "rate", "from": currency, "to": self.currency, "rate": plain(rate), "day": day.isoformat()}
            )
        if taxed != self.tax_included:
            steps.append({"step": "taxed" if self.tax_included else "untaxed", "rate": plain(product.tax_rate)})
        return steps


def resolve_price(
    product: Product,
    *,
    quantity: Decimal = Decimal(1),
    on: date,
    level: str = "",
    currency: str = Currency.CNY,
    book: PriceBook | None = None,
    tax_included: bool = True,
) -> PriceFound:
    """The price of one unit of a product, for customers of ``level``, in a currency, with or without tax."""
    return resolve_prices(
        [(product, quantity)], on=on, level=level, currency=currency, book=book, tax_included=tax_included
    )[0]


def resolve_prices(
    asked: Sequence[tuple[Product, Decimal]],
    *,
    on: date,
    level: str = "",
    currency: str = Currency.CNY,
    book: PriceBook | None = None,
    tax_included: bool = True,
) -> list[PriceFound]:
    """The price of each (product, quantity), in order: the same number of queries for any number of lines."""
    listed = read_list(
        {product.pk: product for product, _quantity in asked}.values(),
        on=on, level=level, currency=currency, book=book, tax_included=tax_included,
    )  # fmt: skip
    return [listed.find(product, quantity) for product, quantity in asked]


def read_list(
    products: Iterable[Product], *, on: date, level: str, currency: str, book: PriceBook | None, tax_included: bool
) -> PriceList:
    """Read what prices of the products are worked out from."""
    products = list(products)
    books = {b.pk: b for b in PriceBook._base_manager.filter(deleted_at__isnull=True)}
    fitting = [b for b in books.values() if fits(b, on) and b.level in ("", level)]
    fitting.sort(key=lambda b: (b.priority, bool(b.level), b.pk), reverse=True)
    left_out: Step | None = None
    if book is not None:
        if fits(book, on):
            fitting = [books.get(book.pk, book), *(b for b in fitting if b.pk != book.pk)]
        else:
            left_out = {"step": "left_out", "book": book.name, "day": on.isoformat()}
    prices: dict[tuple[int, int], list[Price]] = defaultdict(list)
    rows = Price._base_manager.filter(_valid(on), product__in=[p.pk for p in products], deleted_at__isnull=True)
    for row in rows:
        prices[row.book_id, row.product_id].append(row)
    wanted = {currency, *(b.currency for b in books.values()), *(p.currency for p in products)}
    return PriceList(on, currency, tax_included, fitting, books, prices, _rates(wanted, on), book, left_out)


def fits(book: PriceBook, on: date) -> bool:
    """Whether a book is in use on a day."""
    begun = book.valid_from is None or book.valid_from <= on
    return book.active and begun and (book.valid_to is None or on <= book.valid_to)


def _valid(on: date) -> Q:
    return (Q(valid_from__isnull=True) | Q(valid_from__lte=on)) & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))


def _rates(currencies: Iterable[str], on: date) -> dict[str, tuple[Decimal, date]]:
    """Yuan for one unit of each currency, and since when."""
    found = {Currency.CNY.value: (Decimal(1), on)}
    foreign = set(currencies) - found.keys()
    if foreign:
        rows = ExchangeRate.objects.filter(currency__in=foreign, day__lte=on).order_by("currency", "-day")
        found |= {row.currency: (row.rate, row.day) for row in rows.distinct("currency")}
    return found


def _band(book: PriceBook, row: Price) -> Step:
    step: Step = {"step": "price", "book": book.name, "price": plain(row.price), "currency": book.currency}
    if row.min_quantity > 1:
        step["from_quantity"] = plain(row.min_quantity)
    if row.valid_to or row.valid_from:
        step["until"] = row.valid_to.isoformat() if row.valid_to else ""
    return step


def plain(number: Decimal) -> str:
    """A number without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text or str(ZERO)
