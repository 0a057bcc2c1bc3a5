"""What pools show on the pages of records that may lie in them: who had it, and when it would go back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.panels import record_tab
from crm.ownership.history import hands_of, prospects_of, verdicts_on
from crm.ownership.pools import is_pooled


@record_tab(
    "*",
    "owners",
    _("Owners"),
    icon="users",
    template="ownership/owners_tab.html",
    when=lambda record, user: is_pooled(type(record)),
)
def owners(record: Any, user: Any) -> dict[str, Any]:
    """Who had the record; for its owner and those above, what the rules say of it."""
    return {
        "hands": hands_of(record, user),
        "record": record,
        "prospects": prospects_of(record) if record.owner_id else [],
        "verdicts": verdicts_on(record),
    }
