"""What happens to records by themselves as to segments. Their names are not in the log: who may know them sees them on the page."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

_DRAWN = {"group": "marketing", "template": "segments/entry.html"}
ENTERED = kind("segments.entered", _("entered a segment"), icon="users-group", **_DRAWN)
LEFT = kind("segments.left", _("left a segment"), icon="users-group", **_DRAWN)
