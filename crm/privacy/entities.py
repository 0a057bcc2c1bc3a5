"""The declaration of privacy requests, and the verbs on people."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute_where, register
from crm.privacy import holds, requests
from crm.privacy.forms import AnswerForm, EraseForm, HoldForm, PlanForm, RefuseForm, RequestForm
from crm.privacy.models import PrivacyRequest
from crm.privacy.people import is_person, kinds
from crm.records.models import Record

Kind = PrivacyRequest.Kind
RIGHT = requests.RIGHT
OPEN = {"field": "state", "op": "in", "value": ["received", "working"]}


def _erasing(request: PrivacyRequest) -> bool:
    return request.open and request.kind == Kind.ERASURE and request.person_id is not None


def hold(record: Record, *, actor: Any, **given: Any) -> None:
    """The verb of the person's page."""
    holds.place_hold(record, actor=actor, **given)


@register
class PrivacyRequestEntity(Entity):
    """They are opened on the page of the person; one that comes in without a record is noted here."""

    model = PrivacyRequest
    icon = "shield-lock"
    area = "privacy"
    slug = "requests"
    columns = ("kind", "state", "law", "received_on", "due_on", "owner", "done_at", "done_by")
    filters = ("kind", "state", "law", "received_on", "due_on", "done_at", "owner", "created_at")
    pills = ("state", "law")
    subtitle = ("due_on", "owner")
    quick = ("kind", "law", "received_on", "came_by", "note")
    sections = {
        _("Request"): ("kind", "law", "state", "received_on", "due_on", "came_by", "note", "owner"),
        _("Answer"): ("answer", "done_at", "done_by"),
    }
    inline = ("due_on", "came_by", "owner")
    attention = {"all": [OPEN]}
    views = (View("open", _("Open"), {"all": [OPEN]}, "-created_at"),)
    importable = False
    verbs = (RIGHT,)
    actions = (
        Action(
            "copy",
            _("Export all data"),
            requests.start_export,
            "file-export",
            permission=RIGHT,
            automatic=False,
            when=lambda r: r.open and r.kind == Kind.ACCESS and r.person_id is not None,
            primary=True,
        ),
        Action(
            "preview", _("Preview the erasure"), requests.start_plan, "list-search", PlanForm, RIGHT, _erasing, primary=True, automatic=False,
        ),
        Action(
            "erase",
            _("Erase the person"),
            requests.start_erasure,
            "eraser",
            EraseForm,
            RIGHT,
            lambda r: _erasing(r) and bool(r.plan),
            danger=True,
            automatic=False,
        ),
        Action(
            "settle", _("Settle"), requests.settle, "check", AnswerForm, RIGHT, lambda r: r.open and r.kind != Kind.ERASURE, automatic=False,
        ),
        Action(
            "refuse", _("Refuse the request"), requests.refuse, "ban", RefuseForm, RIGHT, lambda r: r.open, danger=True, automatic=False,
        ),
    )  # fmt: skip


def _of_people(entity: Entity) -> bool:
    return entity.label in kinds


contribute_where(
    _of_people,
    Action(
        "privacy_request",
        _("Privacy request"),
        requests.open_request,
        "shield-lock",
        RequestForm,
        RIGHT,
        is_person,
        automatic=False,
    ),
)
contribute_where(
    _of_people,
    Action("legal_hold", _("Legal hold"), hold, "gavel", HoldForm, RIGHT, is_person, automatic=False),
)
