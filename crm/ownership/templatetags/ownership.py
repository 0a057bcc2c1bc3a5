"""Words for how a decision was come by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.ownership.anchors import anchor_of
from crm.ownership.choosing import AWAY, DAY_FULL, FULL, INACTIVE, LATER, OFF_HOURS
from crm.ownership.limits import said
from crm.ownership.models import RecycleRule

register = template.Library()

WORDS = {
    "chosen": _("chosen"),
    INACTIVE: _("no longer active"),
    AWAY: _("away"),
    FULL: _("has enough open"),
    DAY_FULL: _("had enough today"),
    OFF_HOURS: _("not at work now"),
    LATER: _("a later turn"),
}


@register.filter
def fared(why: str) -> str:
    """Why somebody who was asked got the record, or did not."""
    return str(WORDS.get(why, why))


@register.filter
def recycled_why(data: Mapping[str, Any], entity: str) -> str:
    """What a record was taken back for: what was counted from, since when, and how long that may be."""
    found = anchor_of(entity, str(data.get("counted_from")))
    return gettext("%(anchor)s: %(since)s; limit %(days)s %(unit)s") % {
        "anchor": found.label if found else data.get("counted_from"),
        "since": said(datetime.fromisoformat(data["since"])),
        "days": data.get("days"),
        "unit": dict(RecycleRule.Unit.choices).get(data.get("unit"), ""),
    }
