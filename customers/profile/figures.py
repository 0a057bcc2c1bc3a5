"""Key figures of accounts that customers know themselves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from customers.models import Account
from customers.profile.risks import tone


def health_figure(account: Account, user: Any) -> list[dict]:
    """The health with its trend; it comes with the record, without a query of its own."""
    if not bind(registry["customers.account"], user).readable_on(account, ["profile.health"]):
        return []
    profile = account.profile
    arrow = "" if profile.before is None else " ↓" if profile.health < profile.before else " ↑"
    return [{"label": _("Health"), "value": f"{profile.health}{arrow}", "tone": tone(profile.health)}]
