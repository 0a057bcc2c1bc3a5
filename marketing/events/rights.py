"""Who brings events."""

from __future__ import annotations

from typing import Any

from crm.access import policy
from crm.access.models import Scope


def may_bring(user: Any) -> bool:
    """Who imports people for everybody brings what they did, too."""
    return user.is_superuser or policy.access_of(user).scope("customers.contact", "import") == Scope.ALL
