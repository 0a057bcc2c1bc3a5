"""Quotes and their lines as records."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute, register
from sales.catalogue.editor import lines_page
from sales.catalogue.entities import LINE
from sales.quotes import making, sending, services
from sales.quotes.forms import AnswerForm, ReasonForm, SendForm
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
        "valid_until", "sent_at", "opened_at", "opened_count", "answered_at", "owner", "department", "created_at", "updated_at",
    )  # fmt: skip
    sums = ("total",)
    search = {"text": ("title",), "company": ("account__name",), "code": ("number",)}
    subtitle = ("account", "total", "owner")
    pills = ("state",)
    quick = ("account", "contact", "opportunity", "title", "valid_until", "currency")
    sections = {
        _("Quote"): ("number", "title", "account", "contact", "opportunity", "owner"),
        _("Prices"): ("price_book", "currency", "tax_included", "discount_percent", "discount_amount", "total"),
        _("Validity"): (
            "valid_until",
            "state",
            "sent_at",
            "opened_at",
            "opened_count",
            "answered_at",
            "answer",
            "signed_name",
        ),
        _("Texts"): ("payment_terms", "terms", "note"),
    }
    bulk_edit = ("valid_until",)
    inline = ("title", "valid_until", "owner")
    views = (
        View("mine", _("My quotes"), {"all": [MINE]}),
        View("sent", _("Waiting for an answer"), {"all": [{"field": "state", "op": "in", "value": ["sent"]}]}),
    )
    shows_on = {"customers.account": "account", "sales.opportunity": "opportunity", "customers.contact": "contact"}
    reached_by = ("contact", "account")
    actions = (
        Action("lines", _("Edit lines"), services.stay, icon="list-details", when=services.is_draft, page=lines_page,
               primary=True, automatic=False),
        Action("submit", _("Submit"), services.submit_quote, icon="send", when=services.is_draft, primary=True),
        Action("approve", _("Approve"), services.approve_quote, icon="circle-check", when=services.in_approval),
        Action("send", _("Send to the customer"), sending.send_quote, icon="mail-forward", form=SendForm,
               when=services.can_be_sent, primary=True, automatic=False),
        Action("hand_over", _("Mark as sent"), services.hand_over, icon="hand-stop", when=services.is_approved),
        Action("accept", _("Accepted by the customer"), services.accept_quote, icon="circle-check", form=AnswerForm,
               when=services.is_sent),
        Action("reject", _("Declined by the customer"), services.reject_quote, icon="ban", form=ReasonForm,
               when=services.is_sent, danger=True),
        Action("revise", _("Back to draft"), services.revise_quote, icon="arrow-back-up", when=services.can_be_revised),
        Action("new_version", _("Make a new version"), services.new_version, icon="versions", when=services.can_be_followed,
               automatic=False),
    )  # fmt: skip

    def settled(self, record: Quote) -> Collection[str]:
        if record.state not in Quote.LOCKED:
            return ()
        return {name for name in self.form_names if name.partition(".")[0] not in record.open_fields()}


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


contribute(
    "sales.opportunity",
    Action(
        "make_quote", _("Make a quote"), making.quote_of_deal, "file-dollar", makes="quotes.quote",
        when=lambda deal: deal.state == "open" and deal.account_id is not None,
    ),
)  # fmt: skip
