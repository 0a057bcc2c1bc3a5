"""What templates ask of activities."""

from __future__ import annotations

import re
from typing import Any

from django import template

from crm.activities.models import Comment, Participant
from crm.activities.recurrence import in_words
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.records.models import Entry

register = template.Library()
SAID = ("text", "outcome", "next_step", "next_step_on")


@register.simple_tag(takes_context=True)
def told(context: Any, entry: Entry) -> dict[str, str]:
    """What the entry of a follow-up says, as far as the reader may know each of its fields."""
    bound = bind(registry["activities.followup"], context["request"].user)
    return {field.name: field.mask(entry.data.get(field.name, "")) for field in bound.visible(SAID)}


@register.filter
def answer_label(state: str) -> str:
    """What somebody answered to an invitation."""
    return dict(Participant.State.choices).get(state, "")


@register.filter
def rule_words(rule: str) -> str:
    """A rule by which something repeats, as people say it."""
    return in_words(rule) if rule else ""


@register.filter
def spoken(comment: Comment) -> list[tuple[str, bool]]:
    """The words of a comment in pieces: (text, whether it speaks to somebody)."""
    names = sorted({f"@{one['name']}" for one in comment.mentions}, key=len, reverse=True)
    if not names:
        return [(comment.text, False)]
    pieces = re.split("(" + "|".join(map(re.escape, names)) + ")", comment.text)
    return [(piece, piece in names) for piece in pieces if piece]
