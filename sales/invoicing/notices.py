"""What people are told of invoices."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import notice_kind

ISSUED = notice_kind(
    "invoice_issued",
    _("An invoice that you asked for is issued"),
    said=_("%(actor)s issued %(record)s"),
    why=_("The invoice is yours."),
    icon="file-invoice",
)
