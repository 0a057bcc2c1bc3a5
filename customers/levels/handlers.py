"""The verbs by which people keep a level, or leave it to the rules."""

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, contribute
from customers.levels.services import free, hold, is_held

contribute(
    "customers.account",
    Action("keep_level", _("Keep level by hand"), hold, "lock", when=lambda account: not is_held(account), bulk=True),
)
contribute("customers.account", Action("free_level", _("Level by rules"), free, "lock-open", when=is_held, bulk=True))
