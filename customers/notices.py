"""What people are told of customers."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import notice_kind

BIRTHDAY = notice_kind(
    "birthday",
    _("A contact of mine has a birthday"),
    said=_("%(record)s has a birthday today"),
    why=_("You are the contact's owner."),
    icon="cake",
)
