"""What templates ask of activities."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils.safestring import SafeString
from django.utils.timezone import localdate

from crm.activities.models import Comment, Participant
from crm.activities.recurrence import in_words
from crm.entities.lines import when
from crm.entities.moulds import fill, mould
from crm.entities.timeline import Line

register = template.Library()
SAID = ("text", "outcome", "next_step", "next_step_on")


@register.simple_tag
def followup_told(line: Line) -> SafeString:
    """A follow-up on a timeline: who did what, what was said and agreed, as far as the reader may know each field."""
    entry, place = line.entry, line.place
    fields = line.see("activities.followup").visible(SAID)
    texts = {field.name: field.mask(entry.data.get(field.name) or "") for field in fields}
    texts["text"] = linebreaksbr(texts.get("text", ""))
    texts |= {"actor": str(entry.actor or ""), "label": str(line.kind.label), "at": when(entry.at)}
    if not line.own:
        texts |= {"entity_name": line.entity_name, "name": entry.title, "url": place.url, "trash_url": place.trash_url}
    there = tuple([name for name, said in texts.items() if said])
    form = mould("activities/entry_told.html", there, ("own", line.own), ("trashed", place.trashed))
    return fill(form, texts)


@register.filter
def answer_label(state: str) -> str:
    """What somebody answered to an invitation."""
    return dict(Participant.State.choices).get(state, "")


@register.filter
def rule_words(rule: str) -> str:
    """A rule by which something repeats, as people say it."""
    return in_words(rule) if rule else ""


@register.filter
def last_day(until: datetime | str) -> str:
    """The last whole day before a moment, which is how people chose the end of sharing; entries keep the moment as text."""
    moment = datetime.fromisoformat(until) if isinstance(until, str) else until
    return localdate(moment - timedelta(microseconds=1)).isoformat()


@register.filter
def spoken(comment: Comment) -> list[tuple[str, bool]]:
    """The words of a comment in pieces: (text, whether it speaks to somebody)."""
    names = sorted({f"@{one['name']}" for one in comment.mentions}, key=len, reverse=True)
    if not names:
        return [(comment.text, False)]
    pieces = re.split("(" + "|".join(map(re.escape, names)) + ")", comment.text)
    return [(piece, piece in names) for piece in pieces if piece]
