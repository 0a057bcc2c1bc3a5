"""What happens with money, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

MONEY = "money"
REGISTERED = kind("receivables.payment.registered", _("registered"), icon="cash", group=MONEY)
CONFIRMED = kind("receivables.payment.confirmed", _("confirmed"), icon="checks", group=MONEY, followed=True)
RETURNED = kind(
    "receivables.payment.returned", _("marked as returned"), icon="arrow-back-up", group=MONEY, followed=True
)
VOIDED = kind("receivables.payment.voided", _("voided"), icon="ban", group=MONEY, followed=True)
REFUNDED = kind("receivables.refund.created", _("refunded"), icon="receipt-refund", group=MONEY, followed=True)
WRITTEN_OFF = kind("receivables.writeoff.created", _("wrote off"), icon="eraser", group=MONEY, followed=True)
ALLOCATED = kind("receivables.allocation.created", _("allocated"), icon="arrows-split", group=MONEY)
