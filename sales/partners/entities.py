"""Partners, their people and what they have in hand, as records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.entity import Action, Entity, View, contribute, register
from customers.models import Account
from sales.entities.leads import is_workable
from sales.entities.opportunities import is_open
from sales.partners import (  # noqa: F401 - the entities register themselves
    coop_entity,
    document_entity,
    feedback_entity,
    forwarding,
    people,
    registration_entity,
)
from sales.partners.forms import AnswerForm, ForwardForm, ReasonForm, ReportForm
from sales.partners.models import ForwardReport, LeadForward, Partner, PartnerPerson
from sales.partners.prefill import asked_for

ACTIVE = {"field": "state", "op": "in", "value": ["active"]}
MINE = {"field": "owner", "op": "me"}
RUNNING = {"field": "state", "op": "in", "value": ["sent", "accepted"]}


@register
class PartnerEntity(Entity):
    model = Partner
    icon = "heart-handshake"
    columns = ("name", "level", "state", "region", "nationwide", "since", "owner", "created_at")
    filters = (
        "name",
        "account",
        "level",
        "state",
        "region",
        "region2",
        "nationwide",
        "since",
        "owner",
        "department",
        "created_at",
    )
    sortable = {"name": "name_key", "created_at": "created_at"}
    default_sort = "name"
    search = {"company": ("name",), "text": ("products", "industries")}
    subtitle = ("level", "region", "owner")
    pills = ("state", "level")
    quick = ("account", "level", "region", "state")
    sections = {
        _("Partner"): ("account", "level", "state", "since", "owner"),
        _("Where and what"): ("region", "region2", "nationwide", "products", "industries"),
        _("Terms"): ("commission_note", "description"),
    }
    bulk_edit = ("level", "state", "region")
    inline = ("level", "state", "region", "since", "owner")
    views = (
        View("active", _("Active partners"), {"all": [ACTIVE]}, "name"),
        View("mine", _("My partners"), {"all": [MINE]}, "name"),
    )
    shows_on = {"customers.account": "account"}

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        return rows.filter(kind=Account.Kind.PARTNER) if name == "account" else rows

    def new(self, user: Any, initial: Mapping[str, Any]) -> Partner:
        return Partner(owner=user, account_id=asked_for(initial, "account"))


@register
class PartnerPersonEntity(Entity):
    model = PartnerPerson
    icon = "users"
    nav = False
    slug = "people"
    importable = False
    columns = ("name", "partner", "contact", "email", "is_admin", "state", "last_seen_at")
    filters = ("name", "partner", "contact", "email", "is_admin", "state", "last_seen_at", "created_at")
    pills = ("state",)
    subtitle = ("partner", "email")
    quick = ("partner", "contact", "email", "is_admin")
    sections = {_("Access to the portal"): ("partner", "contact", "email", "is_admin", "state", "last_seen_at")}
    inline = ("is_admin",)
    shows_on = {"partners.partner": "partner", "customers.contact": "contact"}
    actions = (
        Action(
            "invite",
            _("Invite to the portal"),
            people.invite,
            "mail",
            when=lambda person: person.state in (PartnerPerson.State.NEW, PartnerPerson.State.INVITED),
            primary=True,
            bulk=True,
            automatic=False,
        ),
        Action(
            "reinvite",
            _("Let in again"),
            people.invite,
            "mail",
            when=lambda person: person.state == PartnerPerson.State.REVOKED,
            automatic=False,
        ),
        Action(
            "revoke",
            _("Revoke the access"),
            people.revoke,
            "ban",
            when=lambda person: person.state in (PartnerPerson.State.INVITED, PartnerPerson.State.ACTIVE),
            danger=True,
            bulk=True,
            automatic=False,
        ),
    )

    def new(self, user: Any, initial: Mapping[str, Any]) -> PartnerPerson:
        return PartnerPerson(owner=user, partner_id=asked_for(initial, "partner"))

    def clean(self, form: Any) -> None:
        record = form.instance
        if record.state == PartnerPerson.State.ACTIVE and {"email", "partner", "contact"} & set(form.changed_data):
            # A new address would be a new way in: revoke it and invite anew.
            form.add_error(None, gettext("Revoke the access first: then who signs in can be changed."))


@register
class LeadForwardEntity(Entity):
    model = LeadForward
    icon = "share"
    slug = "forwards"
    importable = False
    columns = ("title", "partner", "state", "due_at", "answered_at", "owner", "created_at")
    filters = (
        "title",
        "partner",
        "lead",
        "opportunity",
        "state",
        "due_at",
        "answered_at",
        "owner",
        "department",
        "created_at",
    )
    search = {"text": ("title",)}
    pills = ("state",)
    subtitle = ("partner", "owner")
    quick = ("title", "partner", "message")
    sections = {
        _("Forwarded"): ("title", "lead", "opportunity", "partner", "message", "state", "due_at", "owner"),
        _("What the partner says"): ("answer", "answered_by", "answered_at", "withdrawn_reason"),
    }
    attention = {"all": [MINE, {"field": "state", "op": "in", "value": ["declined", "expired"]}]}
    views = (
        View("running", _("In hand"), {"all": [RUNNING]}, "-created_at"),
        View("back", _("Came back"), {"all": [{"field": "state", "op": "in", "value": ["declined", "expired"]}]}),
    )
    shows_on = {"partners.partner": "partner", "sales.lead": "lead", "sales.opportunity": "opportunity"}
    actions = (
        Action(
            "accept",
            _("Partner accepts"),
            forwarding.accept_forward,
            "circle-check",
            AnswerForm,
            when=lambda forward: forward.state == LeadForward.State.SENT,
            automatic=False,
        ),
        Action(
            "decline",
            _("Partner declines"),
            forwarding.decline_forward,
            "ban",
            AnswerForm,
            when=lambda forward: forward.state == LeadForward.State.SENT,
            automatic=False,
        ),
        Action(
            "report",
            _("Note progress"),
            lambda record, **options: forwarding.report_progress(record, **options) and None,
            "message-circle",
            ReportForm,
            when=lambda forward: forward.state == LeadForward.State.ACCEPTED,
            automatic=False,
        ),
        Action(
            "withdraw",
            _("Take it back"),
            forwarding.withdraw_forward,
            "arrow-back-up",
            ReasonForm,
            when=lambda forward: forward.is_running,
            danger=True,
            bulk=True,
            automatic=False,
        ),
    )

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        return rows.filter(state=Partner.State.ACTIVE) if name == "partner" else rows

    def clean(self, form: Any) -> None:
        source = form.instance.source
        if form.adding and source is not None and not policy.can_record(form.bound.user, source, "forward"):
            form.add_error(None, gettext("You may not forward it to partners."))

    def new(self, user: Any, initial: Mapping[str, Any]) -> LeadForward:
        links = {f"{name}_id": asked_for(initial, name) for name in ("lead", "opportunity", "partner")}
        return LeadForward(owner=user, **links)

    def save(self, record: LeadForward, *, actor: Any, **options: Any) -> Any:
        if not record._state.adding:
            return super().save(record, actor=actor, **options)
        return forwarding.send_forward(record, actor=actor, **options)


@register
class ForwardReportEntity(Entity):
    model = ForwardReport
    icon = "message-circle"
    nav = False
    slug = "reports"
    importable = False
    columns = ("forward", "step", "text", "reported_by", "created_at")
    filters = ("forward", "step", "text", "reported_by", "created_at")
    subtitle = ("forward", "step")
    quick = ("forward", "step", "text")
    sections = {_("Report"): ("forward", "step", "text", "reported_by")}
    shows_on = {"partners.leadforward": "forward"}

    def new(self, user: Any, initial: Mapping[str, Any]) -> ForwardReport:
        return ForwardReport(owner=user, forward_id=asked_for(initial, "forward"))

    def clean(self, form: Any) -> None:
        if not form.instance._state.adding and {"forward", "step"} & set(form.changed_data):
            form.add_error(None, gettext("How far it was stays as it was reported. Write a new report."))

    def save(self, record: ForwardReport, *, actor: Any, **options: Any) -> Any:
        if not record._state.adding:
            return super().save(record, actor=actor, **options)
        return forwarding.add_report(record, actor=actor, **options)


def forward(record: Any, *, actor: Any, **chosen: Any) -> None:
    """Forward, and stay on the page."""
    forwarding.forward_to_partner(record, actor=actor, **chosen)


def _forward_action(when: Any) -> Action:
    return Action(
        "forward",
        _("Forward to partner"),
        forward,
        "share",
        ForwardForm,
        permission="forward",
        when=when,
        bulk=True,
        automatic=False,
    )


contribute("sales.lead", _forward_action(is_workable))
contribute("sales.opportunity", _forward_action(is_open))
