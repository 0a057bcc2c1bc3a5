"""How far somebody may go below the list: by role and category, by margin, and never below the floor unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from sales.catalogue.arithmetic import HUNDRED, ZERO, taxed
from sales.catalogue.models import DiscountPolicy, PricedDocument, PricedLine, Product, ProductCategory
from sales.catalogue.pricing import plain, read_list
from sales.catalogue.totals import added_up

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Reason:
    """Why a line needs approval. ``text`` tells no cost and no floor price."""

    line: PricedLine
    code: str
    text: str


def needs_approval(document: PricedDocument, user: Any) -> list[Reason]:
    """Why the document may not go out on the word of ``user`` alone; empty when it may.

    Every line is judged by what is left of its price after its own discount and its share of the document's. A policy
    counts for who holds its role, for the products of its category and below; the nearest category counts, of several
    policies there the most generous. Who is named by none may give no discount where policies exist; superusers may all.
    """
    every = list(document.lines.filter(deleted_at__isnull=True).select_related("product").order_by("position", "pk"))
    lines = [line for line in every if line.product_id]
    if not lines or getattr(user, "is_superuser", False):
        return []
    for line in every:
        if hasattr(line, "chosen"):
            line.chosen = True  # what a customer may choose is offered too
    listed = read_list(
        [line.product for line in lines], on=timezone.localdate(), level="",
        currency=document.currency, book=None, tax_included=document.tax_included,
    )  # fmt: skip
    _whole, each = added_up(document, every)
    left = {line.pk: values for line, values in zip(every, each, strict=True)}
    rules = _Rules(user)
    reasons: list[Reason] = []
    for line in lines:
        found = listed.find(line.product, line.quantity)
        total = left[line.pk][3] if document.tax_included else left[line.pk][1]
        reasons += _judge(document, line, found.list_price, found.floor, total, rules)
    return reasons


def _judge(
    document: PricedDocument,
    line: PricedLine,
    listed: Decimal | None,
    floor: Decimal | None,
    total: Decimal,
    rules: _Rules,
) -> list[Reason]:
    reasons = []
    each = total / line.quantity
    if floor is not None and each < floor - CENT / 2:
        reasons.append(Reason(line, "floor", _("%(line)s: below the floor price") % {"line": line}))
    listed = line.list_price if listed is None else listed
    policies = rules.of(line.product)
    if policies is None:
        return reasons
    if listed is None and line.product.list_price is not None:
        told = {"line": line, "currency": document.currency}
        reasons.append(Reason(line, "rate", _("%(line)s: no rate tells its list price in %(currency)s") % told))
    given = _given(listed, each)
    if given > 0 or line.product.cost is not None:
        margin = _margin(document, line, each)
        if not any(_allows(one, given, margin) for one in policies):
            most = max((one.max_discount for one in policies), default=ZERO)
            reasons.append(_too_much(line, given, most))
    return reasons


def _allows(policy: DiscountPolicy, given: Decimal, margin: Decimal | None) -> bool:
    enough = policy.min_margin is None or margin is None or margin >= policy.min_margin
    return given <= policy.max_discount and enough


def _too_much(line: PricedLine, given: Decimal, most: Decimal) -> Reason:
    if given <= most:
        return Reason(line, "margin", _("%(line)s: the margin is below what is allowed") % {"line": line})
    told = {"line": line, "given": plain(given), "most": plain(most)}
    return Reason(line, "discount", _("%(line)s: %(given)s %% below the list price, up to %(most)s %% is free") % told)


def _given(listed: Decimal | None, each: Decimal) -> Decimal:
    """Percent below the list price, rounded down to the hundredth: rounding of amounts alone asks for nothing."""
    if not listed or each >= listed:
        return ZERO
    return ((listed - each) * HUNDRED / listed - CENT / 2).quantize(CENT).max(ZERO)


def _margin(document: PricedDocument, line: PricedLine, each: Decimal) -> Decimal | None:
    """Percent of the price without tax that is left after the cost; None where the cost is not known in this currency."""
    product: Product = line.product
    if product.cost is None or product.currency != document.currency:
        return None
    net = each
    if document.tax_included:
        net = taxed(each, line.tax_rate, document.currency, included=True).net
    cost = product.cost
    if product.tax_included:
        cost = taxed(cost, product.tax_rate, product.currency, included=True).net
    return (net - cost) * HUNDRED / net if net > 0 else -HUNDRED


class _Rules:
    """The policies that count for somebody, by category."""

    def __init__(self, user: Any) -> None:
        roles = set(user.roles.values_list("pk", flat=True)) if user is not None else set()
        self.all = list(DiscountPolicy.objects.filter(active=True))
        self.mine = [one for one in self.all if one.role_id is None or one.role_id in roles]
        self.parents = dict(ProductCategory.objects.values_list("pk", "parent")) if self.all else {}

    def of(self, product: Product) -> Sequence[DiscountPolicy] | None:
        """Those that decide about a product; None where nobody decides about it."""
        way = self._way(product.category_id)
        if not any(one.category_id in way for one in self.all):
            return None
        for category in way:
            if found := [one for one in self.mine if one.category_id == category]:
                return found
        return ()

    def _way(self, category: int | None) -> list[int | None]:
        """The category, those above it, and at last everything."""
        way: list[int | None] = []
        while category is not None and category not in way:
            way.append(category)
            category = self.parents.get(category)
        return [*way, None]


def summary(reasons: Sequence[Reason]) -> str:
    """All reasons, a line each."""
    return "\n".join(reason.text for reason in reasons)
