"""What happens to points, as timelines tell it; how many stands in the statement, for who may know."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

REDEEMED = kind("loyalty.points.redeemed", _("redeemed points of %(subject)s"), icon="gift", group="money")
ADJUSTED = kind("loyalty.points.adjusted", _("adjusted the points of %(subject)s"), icon="coins", group="money")
GIVEN = kind("loyalty.points.given", _("gave points to %(subject)s"), icon="coins", group="money")
REWARDED = kind("loyalty.referral.rewarded", _("rewarded the invitation %(subject)s"), icon="gift", group="money")
