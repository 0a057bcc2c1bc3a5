"""Words for how a decision was come by."""

from django import template
from django.utils.translation import gettext_lazy as _

from crm.ownership.choosing import AWAY, DAY_FULL, FULL, INACTIVE, LATER, OFF_HOURS

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
