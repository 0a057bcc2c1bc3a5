"""Registered deals as records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, register
from sales.partners import registering
from sales.partners.forms import ApproveForm, DealForm, ExtendForm, NoteForm
from sales.partners.models import DealRegistration, Partner
from sales.partners.prefill import asked_for

State = DealRegistration.State
SUBMITTED = {"field": "state", "op": "in", "value": ["submitted"]}


def in_state(*states: str) -> Any:
    """Whether a registration is in one of the states."""
    return lambda registration: registration.state in states


def convert(registration: DealRegistration, *, actor: Any, **chosen: Any) -> Any:
    """Convert, and go to what came of it."""
    done = registering.convert_registration(registration, actor=actor, **chosen)
    return done.opportunity or done.account


@register
class DealRegistrationEntity(Entity):
    model = DealRegistration
    icon = "certificate"
    slug = "registrations"
    importable = False
    columns = ("customer", "partner", "state", "protected_until", "amount", "region", "owner", "created_at")
    filters = (
        "customer",
        "partner",
        "state",
        "protected_until",
        "amount",
        "region",
        "expected_on",
        "opportunity",
        "owner",
        "department",
        "created_at",
    )
    search = {"company": ("customer",), "code": ("tax_id",), "phone": ("phone",)}
    pills = ("state",)
    subtitle = ("partner", "owner")
    quick = ("customer", "partner", "tax_id", "project", "amount")
    sections = {
        _("End customer"): ("customer", "tax_id", "contact_name", "phone", "region"),
        _("Deal"): ("partner", "project", "amount", "currency", "expected_on", "opportunity", "owner"),
        _("Protection"): ("state", "protected_until", "decision_note", "decided_at", "submitted_by"),
    }
    attention = {"all": [SUBMITTED]}
    views = (
        View("waiting", _("To decide"), {"all": [SUBMITTED]}, "created_at"),
        View("protected", _("Protected"), {"all": [{"field": "state", "op": "in", "value": ["approved"]}]}),
    )
    shows_on = {"partners.partner": "partner", "sales.opportunity": "opportunity"}
    actions = (
        Action(
            "approve", _("Approve"), registering.approve_registration, "circle-check", ApproveForm,
            permission="decide", when=in_state(State.SUBMITTED), primary=True, automatic=False,
        ),
        Action(
            "reject", _("Reject"), registering.reject_registration, "ban", NoteForm,
            permission="decide", when=in_state(State.SUBMITTED), danger=True, automatic=False,
        ),
        Action(
            "extend", _("Change the protection"), registering.extend_registration, "calendar-plus", ExtendForm,
            permission="decide", when=in_state(State.APPROVED), automatic=False,
        ),
        Action(
            "convert", _("Make an opportunity"), convert, "arrows-exchange", DealForm,
            permission="convert", automatic=False, primary=True,
            when=lambda registration: registration.state == State.APPROVED and not registration.opportunity_id,
        ),
        Action(
            "withdraw", _("Withdraw"), registering.withdraw_registration, "arrow-back-up",
            when=in_state(State.SUBMITTED, State.APPROVED), danger=True, automatic=False,
        ),
    )  # fmt: skip

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        return rows.filter(state=Partner.State.ACTIVE) if name == "partner" else rows

    def new(self, user: Any, initial: Mapping[str, Any]) -> DealRegistration:
        return DealRegistration(owner=user, partner_id=asked_for(initial, "partner"))

    def clean(self, form: Any) -> None:
        record = form.instance
        names = {"customer", "tax_id", "phone", "partner"}
        if record.state == State.APPROVED and names & set(form.changed_data):
            form.add_error(None, _("What protects it can't be changed any more: withdraw it and register anew."))

    def save(self, record: DealRegistration, *, actor: Any, **options: Any) -> Any:
        if not record._state.adding:
            return super().save(record, actor=actor, **options)
        return registering.register_deal(record, actor=actor, **options)
