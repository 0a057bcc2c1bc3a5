"""What people are told of documents."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import notice_kind

VIEWED = notice_kind(
    "document_viewed",
    _("A document that you shared is opened for the first time"),
    said=_("%(record)s was opened by its link"),
    why=_("The document is yours, or you shared it."),
    icon="eye",
)
