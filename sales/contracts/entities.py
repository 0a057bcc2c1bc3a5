"""Contracts, their lines and parties as records."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute, register
from sales.catalogue.entities import LINE
from sales.contracts import changing, making, services
from sales.contracts.forms import AcceptForm, ChangeForm, NoteForm, RenewForm, SealForm, TerminateForm
from sales.contracts.locking import locked_fields
from sales.contracts.models import (
    Contract,
    ContractChange,
    ContractChangeLine,
    ContractLine,
    ContractParty,
    ContractTemplate,
)
from sales.quotes.models import Quote

State = Contract.State


def stands(*states: str) -> Callable[[Contract], bool]:
    """Whether a contract is in one of these states."""
    return lambda contract: contract.state in states


@register
class ContractEntity(Entity):
    model = Contract
    area = "sales"
    icon = "file-certificate"
    columns = ("number", "title", "account", "amount", "state", "signed_on", "starts_on", "ends_on", "owner")
    filters = (
        "number", "title", "kind", "account", "opportunity", "quote", "template", "state", "seal", "amount", "currency",
        "signed_on", "starts_on", "ends_on", "renews", "owner", "department", "created_at", "updated_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "amount": "amount"}
    sums = ("amount",)
    search = {"text": ("title",), "company": ("account__name",), "code": ("number",)}
    subtitle = ("account", "amount", "owner")
    pills = ("state",)
    quick = ("account", "opportunity", "title", "amount", "starts_on", "ends_on", "payment_terms", "template")
    sections = {
        _("Contract"): ("number", "title", "kind", "account", "contact", "opportunity", "quote", "owner"),
        _("Money"): (
            "amount", "currency", "tax_included", "discount_percent", "discount_amount", "payment_terms",
        ),
        _("Time"): ("signed_on", "starts_on", "ends_on", "accepted_on", "renews", "remind_days"),
        _("Texts"): ("template", "clauses"),
        _("State"): ("state", "seal", "framework", "renewal_of", "ended_on", "end_reason", "description"),
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
    verbs = ("terminate",)
    actions = (
        Action(
            "submit", _("Hand in for approval"), services.submit_contract, "send", NoteForm,
            when=services.is_draft, primary=True,
        ),
        Action("approve", _("Approve"), services.approve_contract, "checks", when=services.is_approvable),
        Action(
            "sign", _("Sign"), services.sign_contract, "signature", SealForm,
            when=stands(State.APPROVED), primary=True,
        ),
        Action(
            "activate", _("Put in force"), services.activate_contract, "player-play",
            when=stands(State.SIGNED), primary=True,
        ),
        Action(
            "accept", _("Note the acceptance"), services.accept_contract, "clipboard-check", AcceptForm,
            when=lambda c: c.accepted_on is None and c.state in (State.SIGNED, State.ACTIVE, State.COMPLETED),
        ),
        Action(
            "change", _("Change the contract"), changing.draft_change, "file-diff", ChangeForm,
            when=changing.is_changeable,
        ),
        Action(
            "complete", _("Complete"), services.complete_contract, "flag-check",
            when=stands(State.SIGNED, State.ACTIVE, State.EXPIRED),
        ),
        Action(
            "renew", _("Renew"), making.renew_contract, "refresh", RenewForm,
            when=stands(State.ACTIVE, State.COMPLETED, State.EXPIRED),
        ),
        Action(
            "terminate", _("Terminate"), services.terminate_contract, "ban", TerminateForm,
            when=stands(State.APPROVED, State.SIGNED, State.ACTIVE), permission="terminate", danger=True,
        ),
    )  # fmt: skip

    def settled(self, record: Contract) -> Collection[str]:
        return locked_fields(record)


@register
class ContractTemplateEntity(Entity):
    model = ContractTemplate
    area = "sales"
    slug = "contracttemplates"
    icon = "file-text"
    columns = ("name", "kind", "payment_terms", "position", "active", "updated_at")
    filters = ("name", "kind", "active", "created_at", "updated_at")
    search = {"text": ("name", "clauses")}
    subtitle = ("kind",)
    quick = ("name", "kind", "clauses", "payment_terms")
    sections = {
        _("Contract template"): ("name", "kind", "position", "active"),
        _("Texts"): ("clauses", "payment_terms"),
        _("More"): ("owner",),
    }
    inline = ("name", "kind", "position", "active")
    keys = ("name",)


@register
class ContractLineEntity(Entity):
    model = ContractLine
    area = "sales"
    icon = "list-details"
    nav = False
    columns = ("position", *LINE, "amount", "total", "document")
    filters = (
        "document", "product", "name", "quantity", "unit_price", "total", "product__category", "document__state",
        "document__signed_on",
    )  # fmt: skip
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


@register
class ContractChangeEntity(Entity):
    model = ContractChange
    area = "sales"
    slug = "contractchanges"
    icon = "file-diff"
    nav = False
    importable = False
    columns = ("seq", "title", "contract", "amount_before", "amount", "ends_on", "state", "applied_on")
    filters = ("contract", "title", "amount", "state", "ends_on", "applied_on", "created_at")
    quick = ("contract", "title", "amount", "ends_on", "spread", "due_on")
    sections = {
        _("Contract change"): ("contract", "seq", "title", "reason", "state", "applied_on"),
        _("Money"): (
            "amount_before", "amount", "currency", "tax_included", "discount_percent", "discount_amount", "total",
        ),
        _("Time"): ("ends_on", "spread", "due_on"),
    }  # fmt: skip
    pills = ("state",)
    subtitle = ("contract", "amount")
    shows_on = {"contracts.contract": "contract"}
    actions = (
        Action(
            "submit", _("Hand in for approval"), changing.submit_change, "send", NoteForm,
            when=changing.is_open, primary=True,
        ),
        Action("apply", _("Put in force"), changing.apply_change, "checks", when=changing.is_applicable),
        Action("drop", _("Drop"), changing.drop_change, "ban", when=changing.is_open, danger=True),
    )  # fmt: skip


@register
class ContractChangeLineEntity(Entity):
    model = ContractChangeLine
    area = "sales"
    slug = "contractchangelines"
    icon = "list-details"
    nav = False
    columns = ("position", *LINE, "amount", "total", "document")
    filters = ("document", "product", "name", "quantity", "unit_price", "total")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent")
    sections = {_("Line of a change"): ("document", "position", *LINE, "note")}
    inline = ("position", "name", "quantity", "unit_price", "discount_percent", "tax_rate")
    sums = ("total",)
    shows_on = {"contracts.contractchange": "document"}


contribute(
    "quotes.quote",
    Action(
        "make_contract", _("Make the contract"), making.contract_of_quote, "file-certificate",
        when=lambda quote: quote.state == Quote.State.ACCEPTED, primary=True,
    ),
)  # fmt: skip
