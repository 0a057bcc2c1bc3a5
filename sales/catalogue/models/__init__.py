"""What we sell and for how much."""

from sales.catalogue.models.document import PricedDocument, PricedLine
from sales.catalogue.models.prices import DiscountPolicy, Price, PriceBook
from sales.catalogue.models.products import BundleItem, Product, ProductCategory, Unit
from sales.catalogue.models.wanted import OpportunityLine

__all__ = [
    "BundleItem",
    "DiscountPolicy",
    "OpportunityLine",
    "Price",
    "PriceBook",
    "PricedDocument",
    "PricedLine",
    "Product",
    "ProductCategory",
    "Unit",
]
