"""What happens with booked meetings, as timelines and notices tell it."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind
from crm.records.kinds import kind

_DRAWN = {"group": "marketing", "template": "booking/entry.html"}
BOOKED = kind("booking.booked", _("booked %(subject)s"), icon="calendar-check", **_DRAWN)
MOVED = kind("booking.moved", _("moved %(subject)s"), icon="calendar-time", **_DRAWN)
CANCELLED = kind("booking.cancelled", _("called off %(subject)s"), icon="calendar-x", **_DRAWN)

_WHY = _("You are a host of the meeting.")
SOMEBODY_BOOKED = notice_kind(
    "booking_booked",
    _("Somebody books a meeting with me"),
    said=_("%(record)s was booked by the page “%(page)s”"),
    why=_WHY,
    icon="calendar-check",
    channels=(APP, EMAIL),
)
SOMEBODY_MOVED = notice_kind(
    "booking_moved",
    _("Somebody moves a meeting that they booked with me"),
    said=_("%(record)s was moved by whoever booked it"),
    why=_WHY,
    icon="calendar-time",
    channels=(APP, EMAIL),
)
SOMEBODY_CANCELLED = notice_kind(
    "booking_cancelled",
    _("Somebody calls off a meeting that they booked with me"),
    said=_("%(record)s was called off by whoever booked it"),
    why=_WHY,
    icon="calendar-x",
    channels=(APP, EMAIL),
)
