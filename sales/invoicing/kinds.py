"""What happens with invoices, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

MONEY = "money"
REQUESTED = kind("invoicing.invoice.requested", _("requested"), icon="file-invoice", group=MONEY)
SUBMITTED = kind("invoicing.invoice.submitted", _("handed in for approval"), icon="send", group=MONEY)
RETURNED = kind("invoicing.invoice.reopened", _("took back as a request"), icon="arrow-back-up", group=MONEY)
APPROVED = kind("invoicing.invoice.approved", _("approved"), icon="checks", group=MONEY)
ISSUED = kind("invoicing.invoice.issued", _("issued"), icon="file-check", group=MONEY, followed=True)
DELIVERED = kind("invoicing.invoice.delivered", _("sent to the customer"), icon="mail-forward", group=MONEY)
CREDITED = kind("invoicing.invoice.credited", _("credited"), icon="receipt-refund", group=MONEY, followed=True)
CANCELLED = kind("invoicing.invoice.cancelled", _("cancelled"), icon="ban", group=MONEY, followed=True)
