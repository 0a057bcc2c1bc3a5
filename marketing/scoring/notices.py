"""What people are told of scores."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import notice_kind

HOT = notice_kind(
    "hot_score",
    _("A record of mine becomes hot"),
    said=_("%(record)s has become hot"),
    why=_("Its fit score crossed the mark, and you are its owner."),
    icon="flame",
)
