"""What happens with customers, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

LINE_MOVED = kind("customers.contact.line_moved", _("changed whom %(subject)s reports to"), icon="hierarchy-2")
