"""What happens with purchases and bills, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

SALES = "sales"


def _kind(name: str, label: str, icon: str, *, followed: bool = False) -> str:
    return kind(f"purchasing.{name}", label, icon=icon, group=SALES, followed=followed)


MADE = _kind("purchaseorder.made", _("made of the sales order"), "shopping-cart", followed=True)
SUBMITTED = _kind("purchaseorder.submitted", _("handed in for approval"), "send")
RETURNED = _kind("purchaseorder.reopened", _("took back as a draft"), "arrow-back-up")
APPROVED = _kind("purchaseorder.approved", _("approved"), "checks", followed=True)
ORDERED = _kind("purchaseorder.ordered", _("placed the order"), "shopping-cart", followed=True)
CAME = _kind("purchaseorder.came", _("noted what arrived"), "package-import", followed=True)
CLOSED = _kind("purchaseorder.closed", _("closed the purchase"), "flag-check")
CANCELLED = _kind("purchaseorder.cancelled", _("cancelled"), "ban", followed=True)
BILLED = _kind("bill.entered", _("entered the invoice"), "file-invoice", followed=True)
VOIDED = _kind("bill.voided", _("declared void"), "ban")
PAID = _kind("billpayment.made", _("paid the bill"), "cash", followed=True)
