"""What people are told of contracts."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, EMAIL, notice_kind

ENDING = notice_kind(
    "contract_ending",
    _("A contract ends soon"),
    said=_("%(record)s ends on %(day)s"),
    why=_("The contract is yours."),
    icon="calendar-x",
    channels=(APP, EMAIL),
)
EXPIRED = notice_kind(
    "contract_expired",
    _("A contract has ended"),
    said=_("%(record)s ended on %(day)s"),
    why=_("The contract is yours."),
    icon="hourglass-off",
)
