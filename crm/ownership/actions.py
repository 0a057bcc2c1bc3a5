"""The verb that entities offer whose records are given to people by rule."""

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action
from crm.ownership.services import assign_by_rules

ASSIGN_BY_RULES = Action(
    "assign_by_rules", _("Assign by rules"), assign_by_rules, "route", permission="assign", bulk=True
)
