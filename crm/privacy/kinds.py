"""What is told of privacy on timelines."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

EXPORTED = kind("privacy.exported", _("exported all data of %(subject)s"), icon="file-export")
HELD = kind("privacy.held", _("placed a legal hold on %(subject)s"), icon="gavel")
RELEASED = kind("privacy.released", _("released a legal hold on %(subject)s"), icon="gavel")
CONSENT = kind("privacy.consent", _("noted consents of %(subject)s"), icon="shield-check")
CAME_BACK = kind("privacy.came_back", _("took in %(subject)s, who was erased before"), icon="alert-triangle")
