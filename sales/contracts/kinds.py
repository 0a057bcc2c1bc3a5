"""What happens with contracts, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

SALES = "sales"
SUBMITTED = kind("contracts.contract.submitted", _("handed in for approval"), icon="send", group=SALES)
RETURNED = kind("contracts.contract.reopened", _("took back as a draft"), icon="arrow-back-up", group=SALES)
APPROVED = kind("contracts.contract.approved", _("approved"), icon="checks", group=SALES, followed=True)
SEALED = kind("contracts.contract.sealed", _("sealed"), icon="rubber-stamp", group=SALES)
SIGNED = kind("contracts.contract.signed", _("signed"), icon="signature", group=SALES, followed=True)
ACTIVATED = kind("contracts.contract.activated", _("put in force"), icon="player-play", group=SALES)
ACCEPTED = kind(
    "contracts.contract.accepted", _("noted the acceptance of"), icon="clipboard-check", group=SALES, followed=True
)
COMPLETED = kind("contracts.contract.completed", _("completed"), icon="flag-check", group=SALES, followed=True)
TERMINATED = kind("contracts.contract.terminated", _("terminated"), icon="ban", group=SALES, followed=True)
EXPIRED = kind("contracts.contract.expired", _("let expire"), icon="hourglass-off", group=SALES, followed=True)
RENEWED = kind("contracts.contract.renewed", _("renewed"), icon="refresh", group=SALES, followed=True)
CHANGE_APPLIED = kind(
    "contracts.contractchange.applied", _("put in force"), icon="file-diff", group=SALES, followed=True
)
