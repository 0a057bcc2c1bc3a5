"""The second log: who viewed, exported, signed in, unmasked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm.records.models import AuditEvent


def audit(
    user, action: str, *, entity: str = "", record_ids: Sequence[int] = (), address: str | None = None, **data: Any
) -> AuditEvent:
    """Note that ``user`` performed a reading ``action``."""
    return AuditEvent.objects.create(
        user=user, action=action, entity=entity, record_ids=list(record_ids), data=data, address=address
    )
