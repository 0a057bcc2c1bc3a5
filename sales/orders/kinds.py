"""What happens with orders, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

SALES = "sales"
MADE = kind("orders.order.made", _("made of the contract"), icon="truck-delivery", group=SALES, followed=True)
DELIVERED = kind("orders.order.delivered", _("delivered"), icon="package-export", group=SALES, followed=True)
PART_DELIVERED = kind("orders.order.part_delivered", _("delivered a part of"), icon="package", group=SALES)
CLOSED = kind("orders.order.closed", _("closed"), icon="flag-check", group=SALES)
CANCELLED = kind("orders.order.cancelled", _("cancelled"), icon="ban", group=SALES, followed=True)
HANDED_OVER = kind(
    "orders.order.handed_over", _("handed over for delivery"), icon="transfer", group=SALES, followed=True
)
