"""Sequences, their steps and who goes through them, as records."""

from __future__ import annotations

from collections.abc import Sequence as Seq
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute, register
from sales.sequences import moving
from sales.sequences.entering import LABELS, enrol
from sales.sequences.forms import EnrolForm
from sales.sequences.models import Enrolment, Sequence, SequenceStep

State = Enrolment.State


def steps_page(entity: Entity, ids: Seq[int]) -> str:
    """The address of the editor of steps."""
    return reverse("sequences:steps", args=[ids[0]])


def stay(record: Any, *, actor: Any) -> None:
    """The verb has a page of its own."""


@register
class SequenceEntity(Entity):
    model = Sequence
    area = "sales"
    icon = "repeat"
    columns = ("name", "active", "hours", "marketing", "owner", "created_at")
    filters = ("name", "active", "hours", "marketing", "thread_replies", "owner", "created_at", "updated_at")
    search = {"text": ("name", "description")}
    subtitle = ("owner",)
    pills = ("active",)
    quick = ("name", "description", "hours")
    sections = {
        _("Sequence"): ("name", "description", "active", "owner"),
        _("How it goes"): ("hours", "thread_replies", "whole_account", "marketing"),
    }
    inline = ("name", "description", "active", "owner")
    importable = False
    actions = (
        Action("steps", _("Edit steps"), stay, "list-details", page=steps_page, primary=True, automatic=False),
    )  # fmt: skip
    views = (View("active", _("In use"), {"all": [{"field": "active", "op": "is", "value": True}]}),)


@register
class SequenceStepEntity(Entity):
    model = SequenceStep
    area = "sales"
    icon = "list-details"
    nav = False
    columns = ("position", "kind", "wait", "unit", "subject", "sequence")
    filters = ("sequence", "kind", "wait", "unit", "subject")
    quick = ("sequence", "position", "kind", "wait", "unit", "subject", "body")
    sections = {_("Step of a sequence"): ("sequence", "position", "kind", "wait", "unit", "subject", "body")}
    importable = False


@register
class EnrolmentEntity(Entity):
    model = Enrolment
    area = "sales"
    icon = "repeat"
    nav = False
    columns = ("sequence", "lead", "contact", "state", "reason", "step", "next_at", "owner", "created_at")
    filters = (
        "sequence", "lead", "contact", "opportunity", "account", "state", "reason", "next_at", "ended_at", "replied_at",
        "met_at", "bounced_at", "owner", "department", "created_at",
    )  # fmt: skip
    subtitle = ("lead", "contact", "owner")
    pills = ("state", "reason")
    sections = {
        _("Enrolment"): ("sequence", "lead", "contact", "opportunity", "account", "owner"),
        _("Where it stands"): ("state", "reason", "note", "step", "next_at", "ended_at"),
        _("What came of it"): ("replied_at", "met_at", "bounced_at"),
    }
    importable = False
    actions = (
        Action("pause", _("Pause"), moving.pause, "player-pause", when=lambda one: one.state == State.ACTIVE, bulk=True),
        Action(
            "resume", _("Resume"), moving.resume, "player-play", when=lambda one: one.state == State.PAUSED, bulk=True,
            primary=True,
        ),
        Action(
            "stop", _("Stop"), moving.stop, "player-stop", when=lambda one: one.state in Enrolment.RUNNING, bulk=True,
            danger=True,
        ),
    )  # fmt: skip
    views = (
        View(
            "active",
            pgettext_lazy("enrolment", "Under way"),
            {"all": [{"field": "state", "op": "in", "value": ["active"]}]},
        ),
        View("replied", _("Replied"), {"all": [{"field": "replied_at", "op": "filled"}]}),
    )
    shows_on = {
        "sequences.sequence": "sequence",
        "sales.lead": "lead",
        "customers.contact": "contact",
        "sales.opportunity": "opportunity",
        "customers.account": "account",
    }

    def clean(self, form: Any) -> None:
        """It is one person's."""
        if form.instance.lead_id and form.instance.contact_id:
            form.add_error(None, gettext("Choose a lead or a contact, not both."))


def _open(record: Any) -> bool:
    """Whether there is still something to win."""
    closed = {"converted", "invalid", "won", "lost"}
    return record.owner_id is not None and not closed & {getattr(record, "status", ""), getattr(record, "state", "")}


for label in LABELS:
    contribute(
        label,
        Action(
            "enrol", _("Enrol in sequence"), enrol, "repeat", EnrolForm, bulk=True, when=_open, automatic=False,
            makes="sequences.enrolment",
        ),
    )  # fmt: skip
