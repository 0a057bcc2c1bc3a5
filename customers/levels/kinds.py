"""What happens to levels, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

HELD = kind("customers.account.level_held", _("keeps the level of %(subject)s by hand"), icon="lock")
FREED = kind("customers.account.level_freed", _("leaves the level of %(subject)s to the rules"), icon="lock-open")
BY_RULE = kind("customers.account.classified", _("classified %(subject)s by rule"), icon="stairs-up")
