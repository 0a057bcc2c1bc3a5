"""What partners tell us, as records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Board, Entity, View, register
from crm.entities.lanes import Card, Lane, Lanes
from sales.partners import feedback as services
from sales.partners.forms import FeedbackAnswerForm
from sales.partners.models import PartnerFeedback
from sales.partners.models.feedback import COLOURS
from sales.partners.prefill import asked_for

State = PartnerFeedback.State
OPEN = {"field": "state", "op": "in", "value": ["new", "in_hand"]}
MINE = {"field": "owner", "op": "me"}


def in_state(*states: str) -> Any:
    """Whether a feedback is in one of the states."""
    return lambda feedback: feedback.state in states


@register
class PartnerFeedbackEntity(Entity):
    model = PartnerFeedback
    icon = "message-circle"
    slug = "feedback"
    importable = False
    columns = ("title", "partner", "topic", "state", "submitted_by", "owner", "created_at")
    filters = (
        "title", "partner", "topic", "state", "account", "submitted_by", "answered_at", "owner", "department", "created_at",
    )  # fmt: skip
    search = {"text": ("title", "text")}
    pills = ("state", "topic")
    subtitle = ("partner", "owner")
    quick = ("title", "partner", "topic", "text", "account")
    sections = {
        _("What the partner says"): ("title", "topic", "text", "partner", "submitted_by", "account", "owner"),
        _("What we say to it"): ("state", "answer", "answered_at"),
    }
    inline = ("topic", "account", "owner")
    bulk_edit = ("topic",)
    board = Board(field="state", move=services.move_feedback, template="partners/card.html")
    attention = {"all": [MINE, {"field": "state", "op": "in", "value": ["new"]}]}
    views = (
        View("open", _("To answer"), {"all": [OPEN]}, "created_at"),
        View("mine", _("Mine"), {"all": [MINE]}, "-created_at"),
    )
    shows_on = {"partners.partner": "partner", "customers.account": "account"}
    actions = (
        Action(
            "answer", _("Answer"), services.answer_feedback, "send", FeedbackAnswerForm,
            when=in_state(State.NEW, State.IN_HAND, State.ANSWERED), primary=True, automatic=False,
        ),
        Action(
            "take", _("Look into it"), services.take_feedback, "eye", when=in_state(State.NEW), bulk=True, automatic=False,
        ),
        Action(
            "close", _("Close"), services.close_feedback, "circle-check",
            when=in_state(State.NEW, State.IN_HAND, State.ANSWERED), bulk=True, automatic=False,
        ),
    )  # fmt: skip

    def new(self, user: Any, initial: Mapping[str, Any]) -> PartnerFeedback:
        links = {f"{name}_id": asked_for(initial, name) for name in ("partner", "account")}
        return PartnerFeedback(owner=user, **links)

    def save(self, record: PartnerFeedback, *, actor: Any, **options: Any) -> Any:
        if not record._state.adding:
            return super().save(record, actor=actor, **options)
        return services.give_feedback(record, actor=actor, **options)

    def lanes(self, params: Mapping[str, str]) -> Lanes:
        return Lanes([Lane(value, label, COLOURS[value]) for value, label in State.choices])

    def card(self, record: PartnerFeedback, seen: Collection[str]) -> Card:
        """Which partner says it, of what."""
        texts = {"title": str(record)}
        if "partner" in seen:
            texts["account"] = str(record.partner)
        if "topic" in seen:
            texts["step"] = str(record.get_topic_display())
        return Card(texts, {f"has_{name}": True for name in texts})
