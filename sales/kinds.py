"""What happens in sales, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

STAGE_MOVED = kind(
    "sales.opportunity.stage_moved", _("moved to another stage"), icon="arrow-right", group="sales", followed=True
)
WON = kind("sales.opportunity.won", _("won"), icon="trophy", group="sales", followed=True)
LOST = kind("sales.opportunity.lost", _("lost"), icon="mood-sad", group="sales", followed=True)
REOPENED = kind("sales.opportunity.reopened", _("opened again"), icon="refresh", group="sales", followed=True)
CONVERTED = kind("sales.lead.converted", _("converted"), icon="arrows-exchange", group="sales", followed=True)
DISQUALIFIED = kind("sales.lead.disqualified", _("marked as invalid"), icon="ban", group="sales")
REVIVED = kind("sales.lead.revived", _("taken up again"), icon="refresh", group="sales")
