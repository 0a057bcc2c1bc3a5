"""What people are told of money."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind

DUE = notice_kind(
    "instalment_due",
    _("A payment of a customer is due soon"),
    said=_("%(record)s is due on %(day)s"),
    why=_("The contract is yours."),
    icon="calendar-dollar",
    channels=(APP, EMAIL),
)
OVERDUE = notice_kind(
    "instalment_overdue",
    _("A payment of a customer is overdue"),
    said=_("%(record)s is overdue since %(day)s"),
    why=_("The contract, or the person it belongs to, is yours."),
    icon="alert-triangle",
    channels=(APP, EMAIL),
)
CONFIRMED = notice_kind(
    "payment_confirmed",
    _("Money of a customer has come in"),
    said=_("%(actor)s confirmed %(record)s"),
    why=_("The payment is yours."),
    icon="cash",
)
