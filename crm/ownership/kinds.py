"""What happens to ownership."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

ASSIGNED = kind(
    "ownership.assigned", _("gave %(subject)s to its owner by rule"), icon="route", template="ownership/assigned.html"
)
HANDED_OVER = kind("ownership.handed_over", _("handed %(subject)s over"), icon="transfer")
CLAIMED = kind("ownership.claimed", _("claimed %(subject)s"), icon="hand-grab", template="ownership/pooled.html")
GIVEN = kind(
    "ownership.given", _("gave %(subject)s from the pool"), icon="user-share", template="ownership/pooled.html"
)
RELEASED = kind(
    "ownership.released", _("put %(subject)s into the pool"), icon="droplet", template="ownership/pooled.html"
)
MOVED_POOL = kind(
    "ownership.moved_pool", _("moved %(subject)s to another pool"), icon="transfer", template="ownership/pooled.html"
)
RECYCLED = kind(
    "ownership.recycled", _("took %(subject)s back into the pool"), icon="recycle", template="ownership/recycled.html"
)
POOLED = kind(
    "ownership.pooled",
    _("put %(subject)s into the pool, for nobody was named"),
    icon="droplet",
    template="ownership/pooled.html",
)
WENT_ALONG = kind(
    "ownership.went_along",
    _("passed %(subject)s on with what it belongs to"),
    icon="users",
    template="ownership/pooled.html",
)
# What takes a record out of a pool.
OUT = (CLAIMED, GIVEN)
