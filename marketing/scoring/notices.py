"""What people are told of scores."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import notice_kind

HOT = notice_kind("hot_score", _("Records that got hot"), _("%(subject)s has become hot: its fit score crossed the mark."), icon="flame")
