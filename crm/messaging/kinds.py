"""What happens with messages and calls, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import groups, kind

groups.setdefault("messages", _("Messages"))
_MAIL = {"group": "messages", "template": "messaging/entry.html"}
RECEIVED = kind("messaging.mailmessage.received", _("received an e-mail"), icon="mail", **_MAIL)
# Not “received”: what programs wrote must never set off a rule that answers.
AUTOMATIC = kind("messaging.mailmessage.automatic", _("received an automatic e-mail"), icon="robot", **_MAIL)
SENT = kind("messaging.mailmessage.sent", _("sent an e-mail"), icon="send", **_MAIL)
WRITTEN = kind("messaging.mailmessage.created", _("wrote an e-mail"), icon="mail", group="messages")
BOUNCED = kind("messaging.mailmessage.bounced", _("learned that an e-mail came back"), icon="mail-x", **_MAIL)
LINKED = kind("messaging.mailmessage.linked", _("linked %(subject)s"), icon="link", group="messages")
UNLINKED = kind("messaging.mailmessage.unlinked", _("unlinked %(subject)s"), icon="link", group="messages")
OPENED = kind("messaging.mailmessage.privacy", _("changed who sees %(subject)s"), icon="lock", group="messages")
# Told on the record itself: that there was one, and nothing else.
PRIVATE = kind(
    "messaging.mail.private",
    _("exchanged a private e-mail"),
    icon="lock",
    group="messages",
    template="messaging/private.html",
)
SMS_SENT = kind(
    "messaging.sms.sent", _("sent a text message"), icon="message", group="messages", template="messaging/sms.html"
)
SMS_LOST = kind(
    "messaging.sms.lost",
    _("learned that a text message did not arrive"),
    icon="message",
    group="messages",
    template="messaging/sms.html",
)
