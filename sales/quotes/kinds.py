"""What happens to quotes, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

TEMPLATE = "quotes/entry.html"


def _kind(name: str, label: str, icon: str) -> str:
    return kind(f"quotes.quote.{name}", label, icon=icon, group="sales", template=TEMPLATE, followed=True)


SUBMITTED = _kind("submitted", _("submitted %(subject)s for approval"), "send")
APPROVED = _kind("approved", _("released %(subject)s"), "circle-check")
RETURNED = _kind("returned", _("took %(subject)s back to draft"), "arrow-back-up")
SENT = _kind("sent", _("sent %(subject)s to the customer"), "mail-forward")
OPENED = _kind("opened", _("noted that the customer opened %(subject)s"), "eye")
ASKED = _kind("asked", _("noted a question of the customer about %(subject)s"), "message-question")
ACCEPTED = _kind("accepted", _("noted that the customer accepted %(subject)s"), "circle-check")
REJECTED = _kind("rejected", _("noted that the customer declined %(subject)s"), "ban")
EXPIRED = _kind("expired", _("noted that the validity of %(subject)s ended"), "clock")
SUPERSEDED = _kind("superseded", _("replaced %(subject)s by a new version"), "versions")
CHOSEN = kind(
    "quotes.quoteline.chosen", _("noted what the customer chose: %(subject)s"), icon="checkbox", group="sales"
)
