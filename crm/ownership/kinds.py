"""What happens to ownership."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

ASSIGNED = kind(
    "ownership.assigned", _("gave %(subject)s to its owner by rule"), icon="route", template="ownership/assigned.html"
)
HANDED_OVER = kind("ownership.handed_over", _("handed %(subject)s over"), icon="transfer")
