"""What people are told of partners."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind

FORWARD_ANSWERED = notice_kind(
    "partner_answered",
    _("A partner answers, reports or lets a forwarded lead wait"),
    said=_("%(partner)s: %(what)s · %(record)s"),
    why=_("You forwarded it, or the lead or the partner is yours."),
    icon="heart-handshake",
    channels=(APP, EMAIL),
)
REGISTERED = notice_kind(
    "partner_registered",
    _("A partner registers a deal"),
    said=_("%(partner)s: %(what)s · %(record)s"),
    why=_("The partner or the registration is yours."),
    icon="certificate",
    channels=(APP, EMAIL),
)
FEEDBACK = notice_kind(
    "partner_feedback",
    _("A partner sends feedback"),
    said=_("%(partner)s: %(what)s · %(record)s"),
    why=_("The partner or the feedback is yours."),
    icon="message-circle",
    channels=(APP, EMAIL),
)
COOP = notice_kind(
    "partner_coop",
    _("A partner proposes or agrees to work together"),
    said=_("%(partner)s: %(what)s · %(record)s"),
    why=_("The partner or the co-operation is yours."),
    icon="bulb",
    channels=(APP, EMAIL),
)
