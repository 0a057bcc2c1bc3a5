"""What happens to collisions."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

ACCEPTED = kind("matching.collisioncase.accepted", _("accepted the request %(subject)s"), icon="circle-check")
REJECTED = kind("matching.collisioncase.rejected", _("rejected the request %(subject)s"), icon="circle-x")
WITHDRAWN = kind("matching.collisioncase.withdrawn", _("withdrew the request %(subject)s"), icon="arrow-back-up")
ESCALATED = kind("matching.collisioncase.escalated", _("The arbiter decides now: %(subject)s"), icon="gavel")
EXPIRED = kind("matching.collisioncase.expired", _("Nobody answered in time: %(subject)s"), icon="clock-exclamation")
# As sharing by hand says it: the room that draws it lies above.
SHARED = "activities.share.given"
