"""Contracts, their lines and parties as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, View, register
from sales.catalogue.entities import LINE
from sales.contracts.models import Contract, ContractLine, ContractParty


@register
class ContractEntity(Entity):
    model = Contract
    area = "sales"
    icon = "file-certificate"
    columns = ("number", "title", "account", "amount", "state", "signed_on", "starts_on", "ends_on", "owner")
    filters = (
        "number", "title", "kind", "account", "opportunity", "quote", "state", "seal", "amount", "currency",
        "signed_on", "starts_on", "ends_on", "renews", "owner", "department", "created_at", "updated_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "amount": "amount"}
    sums = ("amount",)
    search = {"text": ("title",), "company": ("account__name",), "code": ("number",)}
    subtitle = ("account", "amount", "owner")
    pills = ("state",)
    quick = ("account", "opportunity", "title", "amount", "starts_on", "ends_on", "payment_terms")
    sections = {
        _("Contract"): ("number", "title", "kind", "account", "contact", "opportunity", "quote", "owner"),
        _("Money"): (
            "amount", "currency", "tax_included", "discount_percent", "discount_amount", "payment_terms",
        ),
        _("Time"): ("signed_on", "starts_on", "ends_on", "renews", "remind_days"),
        _("State"): ("state", "seal", "framework", "description"),
    }  # fmt: skip
    inline = ("title", "signed_on", "starts_on", "ends_on", "owner")
    views = (
        View(
            "ending",
            _("Ending soon"),
            {"all": [{"field": "ends_on", "op": "next_days", "value": 60}]},
        ),
    )
    shows_on = {"customers.account": "account", "sales.opportunity": "opportunity", "quotes.quote": "quote"}


@register
class ContractLineEntity(Entity):
    model = ContractLine
    area = "sales"
    icon = "list-details"
    nav = False
    columns = ("position", *LINE, "amount", "total", "document")
    filters = ("document", "product", "name", "quantity", "unit_price", "total")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent")
    sections = {_("Contract line"): ("document", "position", *LINE, "note")}
    inline = ("position", "name", "quantity", "unit_price", "discount_percent", "tax_rate")
    sums = ("total",)
    shows_on = {"contracts.contract": "document"}


@register
class ContractPartyEntity(Entity):
    model = ContractParty
    area = "sales"
    slug = "contractparties"
    icon = "building-bank"
    nav = False
    columns = ("role", "name", "account", "tax_id", "signatory", "signed_on", "contract")
    filters = ("contract", "role", "name", "account", "signed_on")
    quick = ("contract", "role", "name", "account", "tax_id", "signatory")
    sections = {_("Contract party"): ("contract", "role", "name", "account", "tax_id", "signatory", "signed_on")}
    inline = ("role", "name", "tax_id", "signatory", "signed_on")
    shows_on = {"contracts.contract": "contract"}
