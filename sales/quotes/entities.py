"""Quotes and their lines as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, View, register
from sales.catalogue.entities import LINE
from sales.quotes.models import Quote, QuoteLine

MINE = {"field": "owner", "op": "me"}


@register
class QuoteEntity(Entity):
    model = Quote
    area = "sales"
    icon = "file-dollar"
    columns = ("number", "title", "account", "opportunity", "total", "state", "valid_until", "owner", "created_at")
    filters = (
        "number", "title", "account", "contact", "opportunity", "price_book", "state", "total", "currency",
        "valid_until", "sent_at", "answered_at", "owner", "department", "created_at", "updated_at",
    )  # fmt: skip
    sums = ("total",)
    search = {"text": ("title",), "company": ("account__name",), "code": ("number",)}
    subtitle = ("account", "total", "owner")
    pills = ("state",)
    quick = ("account", "contact", "opportunity", "title", "valid_until", "currency")
    sections = {
        _("Quote"): ("number", "title", "account", "contact", "opportunity", "owner"),
        _("Prices"): ("price_book", "currency", "tax_included", "discount_percent", "discount_amount", "total"),
        _("Validity"): ("valid_until", "state", "sent_at", "answered_at", "answer"),
        _("Texts"): ("terms", "note"),
    }
    bulk_edit = ("valid_until",)
    inline = ("title", "valid_until", "owner")
    views = (
        View("mine", _("My quotes"), {"all": [MINE]}),
        View("sent", _("Waiting for an answer"), {"all": [{"field": "state", "op": "in", "value": ["sent"]}]}),
    )
    shows_on = {"customers.account": "account", "sales.opportunity": "opportunity", "customers.contact": "contact"}


@register
class QuoteLineEntity(Entity):
    model = QuoteLine
    area = "sales"
    icon = "list-details"
    nav = False
    columns = ("position", *LINE, "amount", "total", "optional", "document")
    filters = ("document", "product", "name", "quantity", "unit_price", "discount_percent", "total", "optional")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent", "optional")
    sections = {_("Quote line"): ("document", "position", *LINE, "optional", "chosen", "note")}
    inline = ("position", "name", "quantity", "unit_price", "discount_percent", "tax_rate", "optional")
    sums = ("total",)
    shows_on = {"quotes.quote": "document"}
