"""Joint business with partners, as records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Board, Entity, View, register
from crm.entities.lanes import Card, Lane, Lanes
from sales.panels import short
from sales.partners import coops
from sales.partners.forms import CoopDealForm, CoopStateForm, ReasonForm
from sales.partners.models import CoopOpportunity, Partner
from sales.partners.models.coop import COLOURS
from sales.partners.prefill import asked_for

State = CoopOpportunity.State
OPEN = {"field": "state", "op": "in", "value": list(CoopOpportunity.OPEN)}
MINE = {"field": "owner", "op": "me"}


def step(record: CoopOpportunity, *, actor: Any, state: str) -> None:
    """The board's move as a verb."""
    coops.move_coop(record, state, actor=actor)


@register
class CoopOpportunityEntity(Entity):
    model = CoopOpportunity
    icon = "bulb"
    slug = "coops"
    importable = False
    columns = ("name", "partner", "account", "state", "amount", "expected_on", "shared", "owner", "created_at")
    filters = (
        "name", "partner", "account", "state", "amount", "currency", "expected_on", "shared", "opportunity", "owner",
        "department", "created_at",
    )  # fmt: skip
    sums = ("amount",)
    search = {"text": ("name",)}
    pills = ("state",)
    subtitle = ("partner", "account", "owner")
    quick = ("name", "partner", "account", "partner_brings", "we_bring", "amount")
    sections = {
        _("Joint business"): ("name", "partner", "account", "partner_brings", "we_bring", "owner"),
        _("Money and time"): ("amount", "currency", "expected_on", "opportunity"),
        _("State"): ("state", "shared", "proposed_by", "agreed_by", "end_reason"),
    }
    inline = ("name", "account", "partner_brings", "we_bring", "amount", "expected_on", "shared", "owner")
    bulk_edit = ("expected_on", "shared")
    board = Board(field="state", move=coops.move_coop, sums=("amount",), template="partners/card.html")
    views = (
        View("open", _("Open"), {"all": [OPEN]}, "-created_at"),
        View("mine", _("Mine"), {"all": [MINE, OPEN]}, "-created_at"),
        View(
            "theirs",
            _("Proposed by partners"),
            {"all": [OPEN, {"field": "proposed_by", "op": "filled"}]},
            "-created_at",
        ),
    )
    shows_on = {"partners.partner": "partner", "customers.account": "account", "sales.opportunity": "opportunity"}
    actions = (
        Action(
            "convert", _("Make an opportunity"), coops.convert_coop, "arrows-exchange", CoopDealForm,
            permission="convert", when=lambda coop: coop.is_open and not coop.opportunity_id, primary=True, automatic=False,
        ),
        Action(
            "move", _("Change the state"), step, "arrow-right", CoopStateForm,
            when=lambda coop: bool(CoopOpportunity.NEXT[coop.state]), automatic=False,
        ),
        Action(
            "end", _("End it"), coops.end_coop, "ban", ReasonForm,
            when=lambda coop: coop.is_open, danger=True, automatic=False,
        ),
    )  # fmt: skip

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        return rows.filter(state__in=(Partner.State.ACTIVE, Partner.State.CANDIDATE)) if name == "partner" else rows

    def new(self, user: Any, initial: Mapping[str, Any]) -> CoopOpportunity:
        links = {f"{name}_id": asked_for(initial, name) for name in ("partner", "account")}
        return CoopOpportunity(owner=user, **links)

    def lanes(self, params: Mapping[str, str]) -> Lanes:
        """The states; what is over takes cards and lists none."""
        over = {State.WON, State.ENDED}
        return Lanes([Lane(value, label, COLOURS[value], drop_only=value in over) for value, label in State.choices])

    def card(self, record: CoopOpportunity, seen: Collection[str]) -> Card:
        """With which partner, for whom, for how much."""
        texts = {"title": str(record)}
        who = [str(getattr(record, name)) for name in ("partner", "account") if name in seen and getattr(record, name)]
        if who:
            texts["account"] = " · ".join(who)
        if "amount" in seen and record.amount is not None:
            texts["amount"] = short(record.amount, record.currency)
        if "expected_on" in seen and record.expected_on:
            texts["close"] = f"{record.expected_on:%m-%d}"
        return Card(texts, {f"has_{name}": True for name in texts})
