"""What people are told of orders."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind

HANDED_OVER = notice_kind(
    "order_handed_over",
    _("An order is handed over to you"),
    said=_("%(actor)s handed %(record)s over to you"),
    why=_("You deliver it."),
    icon="transfer",
    channels=(APP, EMAIL),
)
NOT_FOLLOWED = notice_kind(
    "contract_change_not_followed",
    _("A contract change waits to be carried over to its orders"),
    said=_("“%(change)s” is in force: carry it over to %(orders)s"),
    why=_("The contract is yours, and nobody else can say which order takes it up."),
    icon="truck-delivery",
    channels=(APP, EMAIL),
)
