"""What people are told of quotes."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind

TO_APPROVE = notice_kind(
    "quote_to_approve",
    _("A quote waits for your word"),
    said=_("%(actor)s asks you to release %(record)s"),
    why=_("It gives more discount than its seller may give, and you are the superior."),
    icon="rubber-stamp",
    channels=(APP, EMAIL),
)
OPENED = notice_kind(
    "quote_opened",
    _("A customer opens your quote for the first time"),
    said=_("The customer opened %(record)s"),
    why=_("The quote is yours."),
    icon="eye",
)
ASKED = notice_kind(
    "quote_asked",
    _("A customer asks about a quote"),
    said=_("The customer asks about %(record)s"),
    why=_("The quote is yours."),
    icon="message-question",
    channels=(APP, EMAIL),
)
ANSWERED = notice_kind(
    "quote_answered",
    _("A customer accepts or declines a quote"),
    said=_("%(what)s: %(record)s"),
    why=_("The quote is yours."),
    icon="file-check",
    channels=(APP, EMAIL),
)
EXPIRED = notice_kind(
    "quote_expired",
    _("A quote runs out without an answer"),
    said=_("%(record)s ran out without an answer"),
    why=_("The quote is yours."),
    icon="clock",
)
